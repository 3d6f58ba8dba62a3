// What a reader without a mouse, or without a wish for motion, needs and the theme leaves out.
document.addEventListener("DOMContentLoaded", () => {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const clip of document.querySelectorAll("video")) {
    if (still) { clip.autoplay = false; clip.loop = false; clip.pause(); }
  }
  // The theme's arrows beside pages that have pages below them are pictures without words.
  for (const arrow of document.querySelectorAll("nav details > summary")) {
    const above = arrow.closest("li")?.querySelector("a");
    if (!arrow.textContent.trim()) { arrow.setAttribute("aria-label", `Pages below ${above?.textContent.trim() ?? "this one"}`); }
  }
  // What scrolls can be reached, and so scrolled, by keyboard.
  const reach = () => {
    for (const box of document.querySelectorAll("pre, .bd-article table, .math, .twin, .output, .bd-sidebar-primary, .bd-sidebar-secondary")) {
      if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) { box.tabIndex = 0; }
    }
  };
  reach();
  addEventListener("resize", reach);
});
