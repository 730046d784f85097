// Comfort for forms that work without it: no second sending, a word while files travel, menus that close, printing.
(() => {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    // Long enough for a double press, short enough for someone whose line broke.
    setTimeout(() => delete form.dataset.sent, 4000);
    const files = form.querySelector("input[type=file]");
    const word = document.querySelector("[data-travelling]");
    if (word && files && files.files.length) word.hidden = false;
  });
  const menus = document.querySelectorAll("details[data-menu]");
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus) if (menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
