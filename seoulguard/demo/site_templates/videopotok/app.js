"use strict";

const app = document.getElementById("app");

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function about(item) {
  return element("p", {},
    element("span", { class: "uploader" }, item.uploader), " · ",
    element("time", { datetime: item.posted_iso }, item.posted), " · ", item.views);
}

function card(item) {
  return element("article", { class: "card" },
    element("a", { href: item.page }, element("img", { src: item.thumb, alt: "", width: "320", height: "180" })),
    element("div", {}, element("h2", {}, element("a", { href: item.page }, item.title)), about(item)));
}

function showList(answer) {
  app.replaceChildren(element("h1", {}, "Новые видео"), element("div", { class: "cards" }, ...answer.items.map(card)));
}

function showItem(item) {
  document.title = item.title;
  const video = element("video", { controls: "", preload: "metadata", poster: item.thumb },
    element("source", { src: item.media, type: item.type }));
  app.replaceChildren(element("article", { class: "watch" }, video, element("h1", {}, item.title), about(item)));
}

function showTrouble() {
  app.replaceChildren(element("section", { class: "notice" }, element("h1", {}, "Не удалось загрузить видео")));
}

async function load(address, show) {
  const answer = await fetch(address);
  if (answer.ok) show(await answer.json());
  else showTrouble();
}

const watched = location.pathname.match(/^\/watch\/([0-9a-f]+)$/);
if (watched) load("/api/item/" + watched[1] + ".json", showItem).catch(showTrouble);
else load("/api/list.json", showList).catch(showTrouble);
