"""Hides the media of a page in the browser, so that a screenshot of the page can be looked at.

Three layers, because the page is hostile: a constructed style sheet that is there before the first paint and that a
page's own security policy cannot forbid; inline declarations with `!important` that outrank the page's own; and the
driver's style for screenshots, which reaches into shadow roots and frames.
"""

from __future__ import annotations

MEDIA = "img, picture, video, canvas, iframe, frame, object, embed, svg, input[type='image'], portal, model-viewer"
# Contrast first: what is left after it differs by a few per cent of grey, and the blur melts that.
HIDDEN = {
    "filter": "grayscale(1) contrast(.06) brightness(1.15) blur(24px)",
    "clip-path": "inset(0)",
    "transition": "none",
    "animation": "none",
    "mix-blend-mode": "normal",
    "background-color": "#b8bcc2",
}
_DECLARATIONS = " ".join(f"{name}: {value} !important;" for name, value in HIDDEN.items())

# `picture` has no box of its own: the image in it is hidden, and blurring twice would blur the text around it.
BLUR_CSS = f"""
:is({MEDIA.replace("picture, ", "")}) {{ {_DECLARATIONS} }}
*, *::before, *::after {{
  background-image: none !important; border-image-source: none !important; list-style-image: none !important;
}}
[data-blurred-content]::before, [data-blurred-content]::after {{ content: "" !important; }}
"""

# Runs in every document before the page's own scripts. Frames need no sheet: they are hidden as a whole.
INIT_SCRIPT = """
(() => {
  if (window !== window.top) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(BLUR_CSS);
  const add = (root) => { root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]; };
  add(document);
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attach.call(this, options);
    add(root);
    return root;
  };
  window[Symbol.for("capture-blur")] = { sheet, add, undo: [] };
})();
""".replace("BLUR_CSS", f"`{BLUR_CSS}`")

# The last word before the blurred screenshot: inline declarations, also inside open shadow roots.
HARDEN_SCRIPT = """
([selector, declarations]) => {
  const blur = window[Symbol.for("capture-blur")] || { undo: [] };
  const roots = [document];
  for (let at = 0; at < roots.length; at++) {
    const root = roots[at];
    if (blur.sheet && !root.adoptedStyleSheets.includes(blur.sheet)) blur.add(root);
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) roots.push(element.shadowRoot);
      const style = element.style;
      if (!style) continue;
      const before = element.getAttribute("style");
      const changed = () => blur.undo.push([element, before]);
      if (element.matches(selector) && element.tagName !== "PICTURE") {
        for (const [name, value] of Object.entries(declarations)) style.setProperty(name, value, "important");
        changed();
      }
      if (getComputedStyle(element).backgroundImage !== "none") {
        style.setProperty("background-image", "none", "important");
        changed();
      }
      for (const part of ["::before", "::after"]) {
        if (getComputedStyle(element, part).content.includes("url(")) element.setAttribute("data-blurred-content", "");
      }
    }
  }
}
"""

# Back to what the page shows, for the screenshot that is sealed and never displayed.
REVEAL_SCRIPT = """
() => {
  const blur = window[Symbol.for("capture-blur")];
  if (!blur) return;
  for (const [element, before] of blur.undo.reverse()) {
    if (before === null) element.removeAttribute("style"); else element.setAttribute("style", before);
  }
  for (const element of document.querySelectorAll("[data-blurred-content]")) {
    element.removeAttribute("data-blurred-content");
  }
  blur.sheet.replaceSync("");
}
"""
