// Reloads a page of the preview once its file has changed, and shows why a build failed.
"use strict";
const fault = document.getElementById("fault");
const page = location.pathname.slice(1) || "index.html";
// The server names the state of the page that it sent; so a change while it loaded is seen.
const [entry] = performance.getEntriesByType("navigation");
let shown = entry?.serverTiming.find((one) => one.name === "page")?.description ?? null;
const ask = async () => {
  if (document.visibilityState === "hidden") return;
  try {
    const answer = await fetch(`/state?page=${encodeURIComponent(page)}`);
    if (!answer.ok) throw new Error(`${answer.status}`);
    const state = await answer.json();
    fault.textContent = state.fault === null ? "" : `The pages are older than the files: ${state.fault}`;
    fault.hidden = state.fault === null;
    shown ??= state.page;
    if (state.page !== null && state.page !== shown) location.reload();
    if (!state.watches) clearInterval(timer);
  } catch {
    fault.textContent = "The server has ended; these pages are as it left them.";
    fault.hidden = false;
  }
};
const timer = setInterval(ask, 1000);
document.addEventListener("visibilitychange", ask);
ask();
