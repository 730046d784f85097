// What was typed but not saved would not be in the approved text: approving waits until it is saved.
(() => {
  const letter = document.getElementById("letter");
  const approve = document.querySelector("[data-approve] button");
  const unsaved = document.querySelector("[data-unsaved]");
  if (!letter || !approve || !unsaved) return;
  letter.addEventListener("input", () => { approve.disabled = true; unsaved.hidden = false; });
})();
