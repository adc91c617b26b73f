// Finds prompts in the table of the first page. Without it the table is whole.
"use strict";
const form = document.getElementById("search");
if (form) {
  const field = document.getElementById("words");
  const found = document.getElementById("found");
  const rows = [...document.querySelectorAll("#prompts tbody tr")];
  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      row.hidden = !words.every((word) => row.dataset.words.includes(word));
      count += row.hidden ? 0 : 1;
    }
    found.textContent = words.length ? `${count.toLocaleString("en")} of ${rows.length.toLocaleString("en")} prompts` : "";
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", show);
  show();
}
