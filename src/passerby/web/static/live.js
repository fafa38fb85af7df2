// Keeps the numbers of this moment up to date: `data-live` says which, `data-live-from` where changes come from.

const shown = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const text = (value) => (value === null || value === undefined ? "–" : shown.format(value).replaceAll(",", "\u202f"));
const places = new Map();
for (const element of document.querySelectorAll("[data-live]")) {
  const key = element.dataset.live;
  places.set(key, [...(places.get(key) ?? []), element]);
}
const sites = new Map();

function show(key, value) {
  for (const element of places.get(key) ?? []) if (element.textContent !== text(value)) element.textContent = text(value);
}

function take(event) {
  const now = JSON.parse(event.data);
  for (const site of now.sites) {
    sites.set(site.site, site.occupancy);
    show(`site ${site.site}`, site.occupancy);
    show(`queue ${site.site}`, site.queue?.count ?? null);
  }
  for (const zone of now.zones) {
    show(`zone ${zone.zone}`, zone.occupancy);
    show(`queue ${zone.zone}`, zone.queue?.count ?? null);
  }
  if (sites.size) show("total", [...sites.values()].reduce((sum, each) => sum + each, 0));
  state(true);
}

function state(good) {
  for (const element of document.querySelectorAll("[data-live-state]")) {
    element.classList.toggle("stale", !good);
    element.textContent = good ? "now" : "not connected: as it was";
  }
}

const from = document.querySelector("[data-live-from]")?.dataset.liveFrom;
let source;
function listen() {
  source = new EventSource(from);
  source.addEventListener("state", take);
  source.addEventListener("change", take);
  source.addEventListener("error", () => {
    state(false);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 15000);
  });
}
// A page that nobody sees needs no stream: a server has only so many.
if (from) {
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source?.close();
    else listen();
  });
  if (!document.hidden) listen();
}

const reload = Number(document.querySelector("script[data-reload-s]")?.dataset.reloadS);
if (reload) setTimeout(() => location.reload(), reload * 1000);
