"""What an instructor needs: assignments with other numbers for every class, and slides. The command is `minisora class`; the guide to
teaching from it is book/instructors/.
"""
