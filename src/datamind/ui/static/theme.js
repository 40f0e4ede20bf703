// Light or dark: what was chosen (a cookie), else what the system prefers. Set before anything is drawn.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => (document.cookie.match(/(?:^|; )datamind_theme=(dark|light)/) || [])[1];
  const datamind = (window.datamind = {
    isDark: () => (chosen() ? chosen() === "dark" : system.matches),
    onTheme: () => {},
    toggleTheme() {
      const next = datamind.isDark() ? "light" : "dark";
      document.cookie = `datamind_theme=${next}; path=/; max-age=31536000; samesite=strict`;
      apply();
    },
  });
  function apply() {
    document.documentElement.dataset.theme = datamind.isDark() ? "dark" : "light";
    datamind.onTheme();
  }
  system.addEventListener("change", apply);
  apply();
})();
