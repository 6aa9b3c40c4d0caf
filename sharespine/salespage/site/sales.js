// The page as a whole: its language, the price list, what two systems can do together, and whom to call.
import { words } from "./words.js";
import { startQuote } from "./quote.js";

const api = document.querySelector("meta[name=api]").content;
let language = (localStorage.getItem("language") || navigator.language || "sv").startsWith("en") ? "en" : "sv";
const state = { systems: [], vat: "without_vat" };

/** The page's own words in the language of the reader, with values filled in. */
export const say = (key, values = {}) =>
  (words[language][key] || key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** An element with attributes and children; texts are always texts. */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "onclick") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** An amount as Swedes write it; the API sends exact text, which never becomes a binary fraction here. */
export function kronor(text) {
  const [whole, cents = "00"] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, "\u00a0");
  return `${grouped}${language === "sv" ? "," : "."}${cents.padEnd(2, "0")}\u00a0kr`;
}

/** Asks the API. Gives its JSON; throws the problem that it answers with. */
export async function ask(path, { body, headers = {} } = {}) {
  let answer;
  try {
    answer = await fetch(api + path, {
      method: body ? "POST" : "GET",
      headers: { Accept: "application/json", "Accept-Language": language, ...(body ? { "Content-Type": "application/json" } : {}), ...headers },
      body: body && JSON.stringify(body),
      credentials: "omit",
    });
  } catch {
    throw { code: "unreachable", detail: say("unreachable"), errors: [] };
  }
  const said = await answer.json();
  if (!answer.ok) throw { errors: [], ...said };
  return said;
}

export const currentLanguage = () => language;
export const systemsOf = (role) => state.systems.filter((system) => system.role === role);
export const options = (select, entries, chosen) => {
  select.replaceChildren(...entries.map(([value, label]) => el("option", { value, selected: value === chosen }, label)));
};

function translate() {
  document.documentElement.lang = language;
  for (const part of document.querySelectorAll("[data-say]")) part.textContent = say(part.dataset.say);
  for (const part of document.querySelectorAll("[data-label]")) part.setAttribute("aria-label", say(part.dataset.label));
  for (const button of document.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", button.dataset.language === language);
}

async function showPrices() {
  const list = await ask("packages/");
  const draw = () => {
    const choice = el("fieldset", { class: "choice" }, el("legend", {}, say("vat")), ["without_vat", "with_vat"].map((kind) => {
      const input = el("input", { type: "radio", name: "vat", value: kind, checked: state.vat === kind });
      input.addEventListener("change", () => { state.vat = kind; draw(); document.querySelector(`[name=vat][value=${kind}]`).focus(); });
      return el("label", { class: "check" }, input, say(kind === "without_vat" ? "without" : "withVat"));
    }));
    const tables = list.editions.map((edition) => {
      const cost = (amount) => (amount ? kronor(amount[state.vat]) : say("onRequest"));
      const row = (label, cells, kind = "number") => el("tr", {}, el("th", { scope: "row" }, label), cells.map((cell) => el("td", { class: kind }, cell)));
      return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Sharespine ${edition.name}` }, el("table", {},
        el("caption", {}, `Sharespine ${edition.name}`),
        el("thead", {}, el("tr", {}, el("td", {}), edition.packages.map((one) => el("th", { scope: "col" }, one.name)))),
        el("tbody", {},
          row(say("month"), edition.packages.map((one) => cost(one.monthly))),
          row(say("installation"), edition.packages.map((one) => cost(one.installation))),
          row(say("cap"), edition.packages.map((one) => (one.order_cap === null ? say("onRequest") : String(one.order_cap)))),
          edition.features.map((feature) => row(feature.name, edition.packages.map((one) => tick(one.features.includes(feature.feature))), "center")))));
    });
    const addOns = el("ul", {}, list.add_ons.filter((one) => one.monthly).map((one) => el("li", {}, `${one.name}: ${kronor(one.monthly[state.vat])}`)));
    document.getElementById("price-list").replaceChildren(choice, ...tables, el("h3", {}, say("addOns")), addOns);
  };
  draw();
}

const tick = (there) => el("span", { class: there ? "yes" : "no" }, el("span", { "aria-hidden": "true" }, there ? "✓" : "–"), el("span", { class: "unseen" }, say(there ? "yes" : "no")));

async function showMatrix() {
  const [shop, erp] = ["pair-shop", "pair-erp"].map((id) => document.getElementById(id).value);
  if (!shop || !erp) return;
  const matrix = await ask(`registers/${encodeURIComponent(shop)}/${encodeURIComponent(erp)}/`);
  document.getElementById("matrix").replaceChildren(el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("registersTitle") }, el("table", {},
    el("caption", {}, `${matrix.shop.name} – ${matrix.erp.name}`),
    el("thead", {}, el("tr", {}, ["register", "direction", "supported"].map((key) => el("th", { scope: "col" }, say(key))))),
    el("tbody", {}, matrix.registers.map((one) => el("tr", {},
      el("th", { scope: "row" }, one.name), el("td", {}, say(one.direction)),
      el("td", {}, one.supported
        ? el("details", {}, el("summary", {}, tick(true), ` ${one.fields.filter((field) => field.supported).length}/${one.fields.length} ${say("fields").toLowerCase()}`),
            el("ul", {}, one.fields.map((field) => el("li", {}, tick(field.supported), ` ${field.name}`, field.supported ? (field.note ? `: ${field.note}` : "") : `: ${field.reasons.join(" ")}`))))
        : [tick(false), ` ${say("notSupported")}. ${one.reasons.join(" ")}`])))))));
}

async function showContacts() {
  const contacts = await ask("contact/");
  document.getElementById("contacts").replaceChildren(...Object.values(contacts).map((one) =>
    el("p", {}, el("b", {}, one.name), ` ${one.phone}, `, el("a", { href: `mailto:${one.email}` }, one.email))));
}

async function show() {
  translate();
  const unreachable = document.getElementById("unreachable");
  try {
    state.systems = (await ask("systems/")).systems;
    for (const [id, role] of [["pair-shop", "shop"], ["pair-erp", "erp"]]) {
      const select = document.getElementById(id);
      options(select, systemsOf(role).map((system) => [system.key, system.name]), select.value || systemsOf(role)[0]?.key);
    }
    await Promise.all([showPrices(), showMatrix(), showContacts(), startQuote()]);
    unreachable.hidden = true;
  } catch (problem) {
    unreachable.textContent = problem.detail || say("unreachable");
    unreachable.hidden = false;
    if (problem instanceof Error) throw problem;
  }
  document.body.dataset.ready = language;
}

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    language = button.dataset.language;
    localStorage.setItem("language", language);
    show();
  });
}
for (const id of ["pair-shop", "pair-erp"]) document.getElementById(id).addEventListener("change", showMatrix);
show();
