"use strict";
// Filters the cards by what changed, by set and by words; without this script all are shown.
(() => {
  const cards = [...document.querySelectorAll(".card")];
  const buttons = [...document.querySelectorAll("[data-filter]")];
  const sets = [...document.querySelectorAll("[data-set-filter]")];
  const search = document.getElementById("search");
  const count = document.getElementById("count");
  const nothing = document.getElementById("nothing");
  const state = { filter: "all", set: "all" };
  const texts = new Map(cards.map((card) => [card, card.textContent.toLowerCase()]));

  const fits = (card) =>
    (state.filter === "all" ||
      (state.filter === "same" ? card.dataset.same === "true" : card.dataset.change === state.filter)) &&
    (state.set === "all" || card.dataset.set === state.set) &&
    texts.get(card).includes(search.value.trim().toLowerCase());

  const show = () => {
    let shown = 0;
    for (const card of cards) {
      card.hidden = !fits(card);
      shown += card.hidden ? 0 : 1;
    }
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.filter === state.filter));
    }
    for (const button of sets) {
      button.setAttribute("aria-pressed", String(button.dataset.setFilter === state.set));
    }
    count.textContent = `${shown} of ${cards.length} shown`;
    nothing.hidden = shown > 0;
  };

  for (const button of buttons) {
    button.addEventListener("click", () => {
      state.filter = button.dataset.filter;
      show();
    });
  }
  for (const button of sets) {
    button.addEventListener("click", () => {
      state.set = button.dataset.setFilter;
      show();
    });
  }
  search.addEventListener("input", show);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && document.activeElement === search) {
      search.value = "";
      show();
      search.blur();
    }
  });
  document.getElementById("controls").hidden = false;
  show();
})();
