// Hold to look: clear frames only while a button or the space bar is held, at most three seconds, each look counted.
(() => {
  const LONGEST = 3000;
  const state = document.querySelector("[data-reveal-state]");
  const csrf = () => document.body.dataset.csrf;
  let open = null;

  const post = (url) => fetch(url, { method: "POST", headers: { "X-CSRFToken": csrf() }, credentials: "same-origin" });

  async function reveal(pair) {
    if (open) return;
    const look = { pair, blurred: new Map(), ended: null, timer: null };
    open = look;
    const answer = await post(pair.dataset.reveal);
    if (!answer.ok || open !== look) { if (open === look) open = null; return; }
    const urls = await answer.json();
    look.ended = urls.ended;
    if (open !== look) { post(urls.ended); return; }
    for (const image of pair.querySelectorAll("img[data-side]")) {
      look.blurred.set(image, image.src);
      image.src = urls[image.dataset.side];
    }
    pair.classList.add("is-clear");
    state.textContent = state.dataset.shown;
    look.timer = setTimeout(blur, LONGEST);
  }

  function blur() {
    const look = open;
    if (!look) return;
    open = null;
    clearTimeout(look.timer);
    for (const [image, source] of look.blurred) image.src = source;
    look.pair.classList.remove("is-clear");
    state.textContent = state.dataset.hidden;
    if (look.ended) post(look.ended);
  }

  for (const pair of document.querySelectorAll("[data-pair]")) {
    const button = pair.querySelector("[data-hold]");
    button.addEventListener("pointerdown", (event) => { event.preventDefault(); button.focus(); reveal(pair); });
    button.addEventListener("keydown", (event) => {
      if ((event.key === " " || event.key === "Enter") && !event.repeat) { event.preventDefault(); reveal(pair); }
    });
    button.addEventListener("keyup", blur);
    button.addEventListener("blur", blur);
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  }
  for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, blur);
  document.addEventListener("visibilitychange", blur);
})();
