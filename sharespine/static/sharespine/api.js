// Shows the schema of the API. What is tried out there goes to this host, with the key that is entered.
const docs = document.getElementById("docs");

SwaggerUIBundle({
  url: docs.dataset.schema,
  domNode: docs,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // Not a validator somewhere else, which is asked by default where the host is public.
  validatorUrl: null,
});

// Swagger UI (5.x) names no choice, and lets nobody scroll an example by keyboard.
new MutationObserver(() => {
  for (const choice of docs.querySelectorAll("select:not([aria-label])")) {
    const row = choice.closest("tr, .response-col_description, .opblock-section");
    const name = row?.querySelector(".parameter__name, .response-col_status")?.textContent || "";
    choice.setAttribute("aria-label", `${choice.matches(".examples-select-element") ? "Example" : "Choice"} ${name}`.trim());
  }
  for (const example of docs.querySelectorAll("pre:not([tabindex])")) {
    example.setAttribute("tabindex", "0");
  }
}).observe(docs, { childList: true, subtree: true });
