// Pages that wait for a sensor, and the zone of whoever adds a site.

for (const field of document.querySelectorAll("[data-own-zone]")) {
  if (!field.value) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

const EVERY_MS = 1500;
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

// What waits says where it asks, and what it knows already; it goes on asking while the page is looked at.
async function follow(place) {
  const { arrival } = place.dataset;
  const before = Number(place.dataset.last);
  const rejected = place.dataset.rejected === undefined ? null : Number(place.dataset.rejected);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    if (document.hidden) continue;
    let told;
    try {
      const answer = await fetch(arrival, { credentials: "same-origin" });
      if (answer.redirected || !answer.ok) return;  // signed out, or the sensor is gone
      told = await answer.json();
    } catch {
      continue;  // the server restarts, or the network is away: it is asked again
    }
    if (told.last_ms && told.last_ms !== Number(place.dataset.last)) {
      place.dataset.last = told.last_ms;
      const text = place.querySelector("[data-arrived]");
      text.textContent = place.dataset.arrivedText?.replace("{}", format.format(told.last_ms)) ?? format.format(told.last_ms);
      if (told.last_ms !== before) for (const next of document.querySelectorAll("[data-after-arrival]")) next.hidden = false;
      place.classList.add("arrived");
    }
    const refused = place.querySelector("[data-refused]");
    if (refused && rejected !== null) refused.hidden = told.rejected <= rejected;
  }
}

for (const place of document.querySelectorAll("[data-arrival]")) follow(place);
