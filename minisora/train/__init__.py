"""Training, on Lightning: `minisora train vae` and `minisora train dit`. Nothing here is imported by `import minisora`."""
