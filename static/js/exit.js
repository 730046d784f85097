// Leave at once: a white page covers everything in the same moment, then the session ends and another site opens.
// Shift three times within a second and a half does the same. Escape is left alone: it stops a page from loading.
(() => {
  const button = document.querySelector("[data-exit]");
  const cover = document.querySelector("[data-cover]");
  const NEEDED = 3, WITHIN = 1500;
  let presses = [];

  function leave(event) {
    if (event) event.preventDefault();
    cover.classList.add("is-on");
    document.title = "\u200b";
    // The covered page must not be found again by "back".
    window.location.replace(button.href);
  }

  button.addEventListener("click", leave);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Shift" || event.repeat) { if (event.key !== "Shift") presses = []; return; }
    const now = Date.now();
    presses = [...presses.filter((at) => now - at < WITHIN), now];
    if (presses.length >= NEEDED) leave();
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
})();
