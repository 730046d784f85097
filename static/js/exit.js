// Leave at once: a white page covers everything in the same moment, what was shown is taken away behind it, then the
// session ends and another site opens. Shift three times within a second and a half does the same. Escape is left
// alone: it stops a page from loading, and after leaving it finds nothing but the white page.
(() => {
  const button = document.querySelector("[data-exit]");
  const cover = document.querySelector("[data-cover]");
  const NEEDED = 3, WITHIN = 1500;
  let presses = [];

  function leave(event) {
    if (event) event.preventDefault();
    cover.classList.add("is-on");
    document.title = "\u200b";
    document.body.replaceChildren(cover);
    // The page that was left must not be found again by "back".
    window.location.replace(button.href);
  }

  button.addEventListener("click", leave);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Shift" || event.repeat) { if (event.key !== "Shift") presses = []; return; }
    const now = Date.now();
    presses = [...presses.filter((at) => now - at < WITHIN), now];
    if (presses.length >= NEEDED) leave();
  });
  // A browser that keeps whole pages for "back" keeps them covered, and asks the server anew before it shows one.
  window.addEventListener("pagehide", () => cover.classList.add("is-on"));
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
})();
