// From wishes to a quote, and from a quote to a sign-up.
import { ask, currentLanguage, el, kronor, options, say, systemsOf } from "./sales.js";

const WISHES = ["order_status", "stock", "stock_profiles", "price_lists", "scheduling", "field_mapping", "plugins"];
const GATEWAYS = { klarna: "Klarna", svea: "Svea", dibs: "DIBS", paypal: "PayPal" };
const by = (id) => document.getElementById(id);
let quote = null;
let chosen = "";
/** The same sign-up is sent under the same key, however often somebody presses: it is taken once. */
let signUpKey = "";

/** Fills the forms in the language of the reader, keeping what was chosen. */
export async function startQuote() {
  const shops = [...by("shops").querySelectorAll("select")].map((select) => select.value);
  drawShops(shops.length ? shops : [systemsOf("shop")[0]?.key]);
  options(by("erp"), systemsOf("erp").map((system) => [system.key, system.name]), by("erp").value);
  const flows = (await ask("main-flows/")).main_flows;
  options(by("main-flow"), [["", say("anyFlow")], ...flows.map((flow) => [flow.main_flow, flow.name])], by("main-flow").value);
  checks("wish-list", WISHES.map((wish) => [wish, say(wish)]));
  checks("gateway-list", Object.entries(GATEWAYS));
  if (quote) {
    quote = await ask(`quotes/${quote.number}/`);
    drawOffer();
  }
}

function checks(id, entries) {
  const before = new Set([...by(id).querySelectorAll(":checked")].map((box) => box.value));
  by(id).replaceChildren(...entries.map(([value, label]) => el("label", { class: "check" }, el("input", { type: "checkbox", value, checked: before.has(value) }), label)));
}

function drawShops(keys) {
  by("shops").replaceChildren(...keys.map((key, index) => {
    const select = el("select", { id: `shop-${index}` });
    options(select, systemsOf("shop").map((system) => [system.key, system.name]), key);
    const label = el("label", { for: `shop-${index}` }, keys.length > 1 ? say("shopN", { n: index + 1 }) : say("shop"));
    const remove = el("button", { type: "button", "aria-label": say("removeShop", { n: index + 1 }), onclick: () => { keys = chosenShops(); keys.splice(index, 1); drawShops(keys); by("add-shop").focus(); } }, "×");
    return el("div", { class: "shop" }, el("div", { class: "field" }, label, select), keys.length > 1 ? remove : null);
  }));
}

const chosenShops = () => [...by("shops").querySelectorAll("select")].map((select) => select.value);
const picked = (id) => [...by(id).querySelectorAll(":checked")].map((box) => box.value);

by("add-shop").addEventListener("click", () => {
  drawShops([...chosenShops(), systemsOf("shop")[0].key]);
  by("shops").querySelector(".shop:last-child select").focus();
});

by("wishes").addEventListener("submit", async (event) => {
  event.preventDefault();
  const orders = by("orders").value.replace(/\s/g, "");
  const wrong = by("wishes-problem");
  wrong.hidden = /^[1-9]\d*$/.test(orders);
  by("orders").setAttribute("aria-invalid", !wrong.hidden);
  if (!wrong.hidden) {
    wrong.textContent = say("ordersWrong");
    by("orders").focus();
    return;
  }
  try {
    quote = await ask("quotes/", { body: {
      shops: chosenShops().map((system) => ({ system })),
      erp: by("erp").value,
      orders_per_month: Number(orders),
      main_flow: by("main-flow").value || null,
      wishes: { ...Object.fromEntries(picked("wish-list").map((wish) => [wish, true])), gateways: picked("gateway-list") },
    } });
  } catch (problem) {
    wrong.textContent = [problem.detail, ...problem.errors.map((one) => one.message)].filter(Boolean).join(" ");
    wrong.hidden = false;
    return;
  }
  chosen = quote.recommended || "";
  signUpKey = "";
  drawOffer();
  by("offer").focus();
});

const both = (cost) => (cost ? [kronor(cost.without_vat), el("br"), el("span", { class: "quiet" }, `${kronor(cost.with_vat)} ${say("withVat")}`)] : say("onRequest"));

function costs(title, cost) {
  if (!cost) return null;
  const row = (label, amounts, head = "td") => el("tr", {}, el("th", { scope: "row" }, label), el(head, { class: "number" }, kronor(amounts.without_vat)), el(head, { class: "number" }, kronor(amounts.with_vat)));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, el("table", {}, el("caption", {}, title),
    el("thead", {}, el("tr", {}, el("td", {}), el("th", { scope: "col", class: "number" }, say("without")), el("th", { scope: "col", class: "number" }, say("withVat")))),
    el("tbody", {}, cost.rows.map((one) => row(one.text, one)), row(say("sum"), cost))));
}

function drawOffer() {
  const best = quote.packages.find((one) => one.package === quote.recommended);
  const listed = (title, entries) => (entries.length ? [el("h3", {}, title), el("ul", {}, entries.map((entry) => el("li", {}, entry)))] : []);
  by("offer").replaceChildren(el("div", { class: "card" },
    el("h3", {}, best ? say("recommended", { package: best.name }) : say("nothingCovers")),
    el("p", { class: "quiet" }, say("held", { number: quote.number, day: quote.valid_until })),
    best ? [costs(say("monthly"), best.monthly), costs(say("once"), best.once), best.on_request ? el("p", {}, say("onRequest")) : null] : el("p", {}, say("nothingCoversLead")),
    listed(say("impossible"), quote.impossible.map((one) => `${one.name}: ${one.reasons.join(" ")}`)),
    listed(say("warnings"), quote.warnings),
    listed(say("modules"), quote.modules.map((one) => `${one.system_name}: ${one.name} (${say(one.mandatory ? "mandatory" : "optional")})`)),
    el("h3", {}, say("other")),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("other") }, el("table", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, say("package")), el("th", { scope: "col" }, say("monthly")), el("th", { scope: "col" }, say("once")), el("th", { scope: "col" }, say("lacks")), el("td", {}))),
      el("tbody", {}, quote.packages.map((one) => el("tr", { class: one.package === chosen ? "is-chosen" : null },
        el("th", { scope: "row" }, one.name), el("td", { class: "number" }, both(one.monthly)), el("td", { class: "number" }, both(one.once)),
        el("td", {}, one.covers ? el("span", { class: "yes" }, say("lacksNothing")) : el("ul", {}, one.lacks.map((lack) => el("li", {}, lack.text)))),
        el("td", {}, el("button", { type: "button", "data-package": one.package, "aria-label": say("choose", { package: one.name }), onclick: () => choose(one.package) }, one.package === chosen ? say("chosen") : say("choose", { package: one.name }))))))))));
  by("sign-up").hidden = !chosen;
  if (chosen) drawSignUp();
}

function choose(code) {
  chosen = code;
  signUpKey = "";
  drawOffer();
  by("sign-up-form").querySelector("input").focus();
}

function drawSignUp() {
  const before = Object.fromEntries([...new FormData(by("sign-up-form"))]);
  const name = quote.packages.find((one) => one.package === chosen).name;
  by("sign-up-lead").textContent = say("signUpLead", { package: name, number: quote.number });
  const field = (key, label, attributes = {}) => el("div", { class: "field" }, el("label", { for: `su-${key}` }, say(label)),
    el("input", { id: `su-${key}`, name: key, value: before[key] || "", ...attributes }), el("p", { class: "wrong", id: `su-${key}-wrong`, hidden: true }));
  by("sign-up-form").replaceChildren(
    field("company", "company", { autocomplete: "organization", required: true }),
    field("organisation_number", "organisation", { placeholder: "556123-4567" }),
    field("contact", "contactName", { autocomplete: "name", required: true }),
    field("email", "email", { type: "email", autocomplete: "email", required: true }),
    field("phone", "phone", { type: "tel", autocomplete: "tel" }),
    el("div", { class: "field" }, el("label", { for: "su-message" }, say("message")), el("textarea", { id: "su-message", name: "message", rows: 3 }, before.message || "")),
    el("div", { class: "trap", "aria-hidden": "true" }, el("label", {}, "Website", el("input", { name: "website", tabindex: "-1", autocomplete: "off" }))),
    el("label", { class: "check" }, el("input", { type: "checkbox", name: "consent", id: "su-consent", checked: Boolean(before.consent) }), say("consent")),
    el("p", { class: "wrong problem", id: "su-consent-wrong", hidden: true }),
    el("p", { class: "problem", id: "sign-up-problem", role: "alert", hidden: true }),
    el("button", { class: "is-main" }, say("send")));
}

by("sign-up-form").addEventListener("input", () => { signUpKey = ""; });
by("sign-up-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = by("sign-up-form");
  const filled = Object.fromEntries(new FormData(form));
  signUpKey ||= crypto.randomUUID();
  form.querySelectorAll(".wrong, .problem").forEach((part) => { part.hidden = true; });
  form.querySelectorAll("[aria-invalid]").forEach((part) => { part.removeAttribute("aria-invalid"); part.removeAttribute("aria-describedby"); });
  try {
    const done = await ask("sign-ups/", {
      body: { ...filled, consent: form.elements.consent.checked, quote: quote.number, package: chosen, language: currentLanguage() },
      headers: { "Idempotency-Key": signUpKey },
    });
    drawSignedUp(done, filled.email);
  } catch (problem) {
    showProblem(form, problem);
  }
});

function showProblem(form, problem) {
  let first = null;
  const rest = [];
  for (const one of problem.errors) {
    const wrong = by(`su-${one.field}-wrong`);
    const input = form.elements[one.field];
    if (!wrong || !input) {
      rest.push(one.message);
      continue;
    }
    wrong.textContent = one.message;
    wrong.hidden = false;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", wrong.id);
    first ||= input;
  }
  const whole = by("sign-up-problem");
  whole.textContent = [problem.detail, ...rest].filter(Boolean).join(" ");
  whole.hidden = false;
  first?.focus();
}

function drawSignedUp(done, email) {
  const id = done.id;
  by("sign-up-form").hidden = true;
  const where = el("p", { id: "state" }, `${say("state")}: ${done.state_label}`);
  const look = el("button", { type: "button", onclick: async () => { const now = await ask(`sign-ups/${id}/`); where.textContent = `${say("state")}: ${now.state_label}`; } }, say("look"));
  by("signed-up").replaceChildren(el("div", { class: "card" }, el("h3", {}, say("sent")), el("p", {}, say("sentLead", { email })), where, look));
  by("signed-up").focus();
}
