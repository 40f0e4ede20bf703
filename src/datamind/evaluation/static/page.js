"use strict";
// Filters the questions by outcome and words; without it all of them are there.
const cases = [...document.querySelectorAll(".case")];
const buttons = [...document.querySelectorAll("[data-show]")];
const words = document.getElementById("words");
const told = document.getElementById("told");
const opened = document.getElementById("open");

function apply() {
  const chosen = buttons.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.dataset.show);
  const wanted = words.value.trim().toLowerCase().split(/\s+/);
  for (const one of cases) {
    const text = one.dataset.words.toLowerCase();
    const fits = (!chosen.length || chosen.includes(one.dataset.outcome)) && wanted.every((w) => text.includes(w));
    one.hidden = !fits;
  }
  told.textContent = `${cases.filter((one) => !one.hidden).length} of ${cases.length} questions shown`;
}
for (const button of buttons) {
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    apply();
  });
}
words.addEventListener("input", apply);
opened.addEventListener("click", () => {
  const open = opened.getAttribute("aria-pressed") !== "true";
  opened.setAttribute("aria-pressed", String(open));
  for (const one of cases) one.open = open;
});
document.querySelector(".tools").hidden = false;
apply();
