// Copies a value with one press and says so; a page whose browser run is under way looks again by itself.
(() => {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const before = button.textContent;
    button.addEventListener("click", async () => {
      const value = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(value.textContent);
      } catch {
        const range = document.createRange(); // no clipboard without https: select it instead
        range.selectNodeContents(value);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        if (!document.execCommand("copy")) return;
      }
      button.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = before; }, 2000);
    });
  }
  const waiting = document.querySelector("[data-reload]");
  if (waiting) setTimeout(() => location.reload(), Number(waiting.dataset.reload) * 1000);
})();
