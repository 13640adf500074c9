for (const slider of document.querySelectorAll("input[data-counts]")) {
  const counts = slider.dataset.counts.split(",").map(Number);
  const low = Number(slider.dataset.low), high = Number(slider.dataset.high);
  const all = counts.reduce((sum, count) => sum + count, 0) || 1;
  const tell = () => {
    const place = Number(slider.value);
    const below = counts.slice(0, place).reduce((sum, count) => sum + count, 0);
    const bound = low + (high - low) * place / counts.length;
    const share = (count) => (100 * count / all).toFixed(1) + " %";
    slider.nextElementSibling.textContent =
      `${bound.toPrecision(4)}: ${share(below)} below, ${share(all - below)} from there on`;
  };
  slider.addEventListener("input", tell);
  tell();
}
