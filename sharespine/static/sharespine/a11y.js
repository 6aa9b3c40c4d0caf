// What unfold leaves to the mouse made reachable with the keyboard and spoken right. Measured 2026-11-21 on 0.91.0 and
// 0.110.0: no skip link; filter button, Ctrl+K box, menu groups, row menus and the dialog's close are spans with a click
// handler; the dialog has no role and takes no focus; icon names are read aloud.
"use strict";

const WORDS = {
  sv: {
    skip: "Hoppa till innehållet", search: "Sök", dialog: "Dialog", home: "Startsidan", close: "Stäng", more: "Fler åtgärder",
    add: "Lägg till", back: "Tillbaka", menu: "Visa eller dölj menyn", results: "Lista",
  },
  en: {
    skip: "Skip to the content", search: "Search", dialog: "Dialog", home: "Start page", close: "Close", more: "More actions",
    add: "Add", back: "Back", menu: "Show or hide the menu", results: "List",
  },
};
const ICONS = {
  close: "close", more_horiz: "more", more_vert: "more", add: "add", arrow_back: "back", sync_alt: "home", dock_to_right: "menu",
};
const CLICKABLE = "span, div, h2, a:not([href])";
let opener = null;

function words() {
  return WORDS[document.documentElement.lang.slice(0, 2)] || WORDS.en;
}

function hasClick(element) {
  return element.hasAttribute("x-on:click") || element.hasAttribute("@click");
}

function nameOf(icon) {
  const text = icon.textContent.trim();
  return words()[ICONS[text]] || text.replaceAll("_", " ");
}

function mend(root) {
  for (const icon of root.querySelectorAll(".material-symbols-outlined")) {
    if (hasClick(icon)) icon.setAttribute("aria-label", icon.getAttribute("aria-label") || nameOf(icon));
    else icon.setAttribute("aria-hidden", "true");
  }
  for (const element of root.querySelectorAll(CLICKABLE)) {
    if (!hasClick(element) || element.hasAttribute("tabindex")) continue;
    // A box around fields, and the layers behind dialogs, are not buttons themselves.
    if (element.querySelector("input, select, textarea, a[href], button")) continue;
    element.setAttribute("tabindex", "0");
    // A heading stays a heading for those who read by headings.
    if (element.tagName !== "H2") element.setAttribute("role", "button");
    const icon = element.querySelector(".material-symbols-outlined");
    const said = element.textContent.replace(icon ? icon.textContent : "", "").trim();
    if (!said && icon) element.setAttribute("aria-label", nameOf(icon));
  }
  for (const link of root.querySelectorAll("a[href]:not([aria-label]), button:not([aria-label])")) {
    const icon = link.querySelector(".material-symbols-outlined");
    if (icon && link.textContent.trim() === icon.textContent.trim()) link.setAttribute("aria-label", nameOf(icon));
  }
  for (const field of root.querySelectorAll("input[type=search]:not([aria-label])")) {
    field.setAttribute("aria-label", field.placeholder || words().search);
  }
}

function focusDialog(dialog) {
  dialog.setAttribute("role", "dialog");
  dialog.setAttribute("aria-modal", "true");
  const title = dialog.querySelector("h1");
  dialog.setAttribute("aria-label", title ? title.textContent.trim() : words().dialog);
  const first = dialog.querySelector("textarea, select, input:not([type=hidden]), button[type=submit]");
  // Alpine shows the dialog a moment after htmx has filled it; until then nothing in it takes focus.
  if (first) setTimeout(() => first.focus(), 60);
}

function addSkipLink() {
  const content = document.getElementById("content") || document.getElementById("main");
  if (!content) return;
  content.setAttribute("tabindex", "-1");
  const link = document.createElement("a");
  link.className = "skip-link";
  link.href = `#${content.id}`;
  link.textContent = words().skip;
  document.body.prepend(link);
}

document.addEventListener("keydown", (event) => {
  const target = event.target;
  if ((event.key === "Enter" || event.key === " ") && target.matches?.("[tabindex='0']") && hasClick(target)) {
    event.preventDefault();
    target.click();
  }
  const dialog = document.getElementById("modal-content");
  if (event.key === "Escape" && opener) {
    opener.focus();
    opener = null;
  }
  if (event.key === "Tab" && dialog && dialog.offsetParent !== null && dialog.childElementCount) {
    keepInside(dialog, event);
  }
});

function keepInside(dialog, event) {
  const stops = [...dialog.querySelectorAll("a[href], button, textarea, select, input:not([type=hidden]), [tabindex='0']")];
  const inside = stops.filter((stop) => stop.offsetParent !== null);
  const [first, last] = [inside[0], inside[inside.length - 1]];
  if (!first) return;
  if (event.shiftKey && (document.activeElement === first || !dialog.contains(document.activeElement))) {
    event.preventDefault();
    last.focus();
  } else if (!event.shiftKey && (document.activeElement === last || !dialog.contains(document.activeElement))) {
    event.preventDefault();
    first.focus();
  }
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target?.id === "modal-content") {
    // The entry of a row's menu is gone when the dialog closes: the menu's own button is where one goes on.
    const menu = event.detail.elt.closest("nav[x-anchor\\.bottom-end\\.offset\\.4]");
    opener = menu ? document.querySelector("[tabindex='0'][aria-expanded='true']") || document.activeElement : event.detail.elt;
  }
});
document.addEventListener("htmx:afterSettle", (event) => {
  const dialog = event.target.closest?.("#modal-content");
  if (dialog) focusDialog(dialog);
});
document.addEventListener("DOMContentLoaded", () => {
  addSkipLink();
  mend(document);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.parentElement) mend(node.parentElement);
  }).observe(document.body, { childList: true, subtree: true });
});
