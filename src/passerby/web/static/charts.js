// Draws the Vega-Lite specifications of a page in its colours. Without `eval`: expressions are interpreted (`ast`).
// The library is loaded once a chart comes near the window, so that a page's numbers are there first.

const library = document.querySelector("script[data-vega]").dataset.vega;
let loading;
const drawn = new Map();

function load() {
  loading ??= import(library).then(() => window.vegaEmbed);
  return loading;
}

function config() {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(`--${name}`).trim();
  const ink = token("ink"), soft = token("soft"), grid = token("chart-grid");
  const font = getComputedStyle(document.body).fontFamily;
  const series = [1, 2, 3, 4, 5, 6].map((each) => token(`chart-${each}`));
  const title = { color: soft, titleColor: soft, labelColor: soft };
  return {
    background: null, font, padding: 4,
    view: { stroke: null },
    range: { category: series, heatmap: [token("chart-low"), token("chart-high")], ramp: [token("chart-low"), token("chart-high")] },
    mark: { color: series[0], tooltip: true },
    line: { strokeWidth: 2 }, bar: { cornerRadiusEnd: 2 }, area: { opacity: 0.25, line: true }, rule: { color: soft },
    text: { color: ink },
    axis: { ...title, gridColor: grid, domainColor: grid, tickColor: grid, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, labelPadding: 6 },
    axisX: { grid: false },
    legend: { ...title, labelColor: ink, orient: "top", title: null, labelFontSize: 12, symbolType: "circle" },
    header: { ...title }, title: { color: ink, fontSize: 13 },
  };
}

// Names of series that do not fit side by side stand below each other.
function legendColumns(spec, width) {
  const names = (spec.layer ?? [spec]).map((each) => each.encoding?.color?.scale?.domain).find(Boolean) ?? [];
  const needed = names.reduce((sum, name) => sum + 44 + 7 * name.length, 0);
  return needed > width - 48 ? 1 : names.length;
}

export async function draw(place, given) {
  const embed = await load();
  const spec = given ?? JSON.parse(place.querySelector("script[type='application/json']").textContent);
  const sized = { width: "container", height: Number(place.dataset.height) || 240, autosize: { type: "fit-x", contains: "padding" }, ...spec };
  const look = config();
  look.legend.columns = legendColumns(spec, place.clientWidth);
  drawn.get(place)?.finalize();
  const inner = place.querySelector(".chart-inner") ?? place.appendChild(document.createElement("div"));
  inner.className = "chart-inner";
  try {
    const result = await embed(inner, sized, {
      mode: "vega-lite", ast: true, actions: false, defaultStyle: false, renderer: "canvas",
      tooltip: { disableDefaultStyle: true, theme: "" }, config: look,
    });
    drawn.set(place, result);
    place.dataset.drawn = "";
  } catch (error) {
    place.classList.add("failed");
    inner.textContent = "This chart could not be drawn; its numbers are in the table.";
    throw error;
  }
  return drawn.get(place).view;
}

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    draw(target);
  }
}, { rootMargin: "300px" });
for (const place of document.querySelectorAll("[data-chart]")) near.observe(place);

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((_, place) => draw(place)));
addEventListener("beforeprint", () => document.querySelectorAll("[data-chart]:not([data-drawn])").forEach((place) => draw(place)));
