// Shows the schema of the API. What is tried out there goes to this host, with the key that is entered, and with no cookie.
const docs = document.getElementById("docs");

SwaggerUIBundle({
  url: docs.dataset.schema,
  domNode: docs,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // Not a validator somewhere else, which is asked by default where the host is public.
  validatorUrl: null,
});
