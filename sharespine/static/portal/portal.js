// What pages do by themselves; all of them work without it.
"use strict";

// A part that says where it comes from is fetched anew while somebody looks at it.
for (const part of document.querySelectorAll("[data-live]")) {
  const every = Number(part.dataset.every || 10) * 1000;
  const look = async () => {
    if (document.hidden || part.contains(document.activeElement)) return;
    try {
      const answer = await fetch(part.dataset.live, { headers: { "X-Part": part.id }, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(part.id);
      if (fresh && !fresh.dataset.live) {
        // It has come to rest: what can be done about it stands elsewhere on the page.
        clearInterval(timer);
        location.reload();
      } else if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    } catch {
      // Not reached: the next look may be luckier.
    }
  };
  const timer = setInterval(look, every);
}

// A secret that is shown once can be copied by a press.
for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent.trim());
    button.textContent = button.dataset.done;
  });
}

// Whoever presses a button twice means once.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000);
  });
}
