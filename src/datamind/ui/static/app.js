// What the live pages do in the browser itself: figures in charts, and the keys of the suggestions.
(() => {
  const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });
  const full = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  const signs = { USD: "$", EUR: "€", GBP: "£" };

  datamind.compact = (value) => short.format(value);
  datamind.figure = (value, unit) => {
    if (value === null || value === undefined) return "—";
    const small = Math.abs(value) < 1 && value !== 0;
    const text = small ? String(Number(value.toPrecision(4))) : full.format(value);
    if (signs[unit]) return value < 0 ? `-${signs[unit]}${text.slice(1)}` : signs[unit] + text;
    return unit ? `${text} ${unit}` : text;
  };
  datamind.range = (first, last, all) => `${full.format(first)}–${full.format(last)} of ${full.format(all)}`;
  datamind.show = (selector) => {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    requestAnimationFrame(() =>
      document.querySelector(selector)?.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" }),
    );
  };

  // The conversation of this tab: in its address, so that a reload and Back show it again, and where Ask leads.
  datamind.talk = (id) => {
    history.replaceState(history.state, "", id ? `/?c=${id}` : "/");
    if (id) sessionStorage.setItem("talk", id);
    else sessionStorage.removeItem("talk");
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('.place[href^="/"]');
    const talk = sessionStorage.getItem("talk");
    if (talk && link?.pathname === "/") link.href = `/?c=${talk}`;
  }, true);

  // Tell what stands in the question box, a moment after the last key and once somebody listens.
  let typing = 0;
  datamind.afterTyping = (emit) => {
    clearTimeout(typing);
    const tell = () => {
      if (window.did_handshake) emit(document.querySelector("#question").value);
      else typing = setTimeout(tell, 50);
    };
    typing = setTimeout(tell, 150);
  };

  // Whether somebody sees the page: what refreshes itself rests meanwhile. The server asks at first.
  datamind.seen = () => emitEvent("seen", !document.hidden);
  document.addEventListener("visibilitychange", () => window.did_handshake && datamind.seen());

  // Lines of a log are text, of which the last `most` stay; it scrolls on unless somebody reads further up.
  datamind.log = (id, lines, most) => {
    const place = document.getElementById(id);
    if (!place) return;
    const atEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 40;
    for (const line of lines) {
      const made = document.createElement("div");
      made.textContent = line;
      place.append(made);
    }
    while (place.childElementCount > most) place.firstElementChild.remove();
    if (atEnd) place.scrollTop = place.scrollHeight;
  };

  // The question box is a combobox (WAI-ARIA): arrows move through the list, Enter takes, Escape closes.
  const options = () => [...document.querySelectorAll("#suggestions [role=option]")];
  const at = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");
  function mark(input, index) {
    options().forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    const marked = options()[index];
    if (marked) input.setAttribute("aria-activedescendant", marked.id);
    else input.removeAttribute("aria-activedescendant");
    marked?.scrollIntoView({ block: "nearest" });
  }
  function key(event) {
    const input = event.target;
    if (input.id !== "question" || event.isComposing) return;
    const count = options().length;
    if (!count) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      const from = at() < 0 && step < 0 ? count : at();
      mark(input, Math.min(Math.max(from + step, -1), count - 1));
    } else if (event.key === "Enter" && at() >= 0) {
      options()[at()].click();
    } else {
      if (event.key === "Escape") mark(input, -1);
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
  document.addEventListener("keydown", key, true);

  // Heads of tables sort by mouse only, as they come: let them be reached, pressed, and heard.
  function tellHeads() {
    for (const head of document.querySelectorAll("th.sortable")) {
      const sorted = head.classList.contains("sorted");
      const way = head.classList.contains("sort-desc") ? "descending" : "ascending";
      head.tabIndex = 0;
      head.setAttribute("aria-sort", sorted ? way : "none");
    }
  }
  let told = 0;
  new MutationObserver(() => {
    cancelAnimationFrame(told);
    told = requestAnimationFrame(tellHeads);
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["class"] });
  document.addEventListener("keydown", (event) => {
    const head = event.target.closest?.("th.sortable");
    if (head && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      head.click();
    }
  });
})();
