// Keeps what the sign-in page notes as it is: whether anybody can come in may change meanwhile.
(() => {
  const place = document.querySelector("[role=status]");
  const address = `/signin/note${location.search}`;
  async function look() {
    if (document.hidden) return;
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok) return; // no news
    const note = await answer.text();
    if (place.textContent !== note) place.textContent = note;
  }
  setInterval(look, 5000);
  document.addEventListener("visibilitychange", look);
})();
