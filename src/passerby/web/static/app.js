// What every page does beyond being read. Each part works on what is there and is not missed where it is not.

// How a script sends something: the form's token goes along.
export function send(address, options = {}) {
  const headers = { "X-CSRF-Token": document.body.dataset.csrf ?? "", ...options.headers };
  return fetch(address, { method: "POST", credentials: "same-origin", ...options, headers });
}

export function toast(text) {
  let place = document.querySelector(".toasts");
  if (!place) {
    place = document.createElement("div");
    place.className = "toasts";
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  const one = document.createElement("div");
  one.className = "toast";
  one.textContent = text;
  place.append(one);
  setTimeout(() => one.remove(), 4000);
}

// The menu is a disclosure on a telephone and always open beside a wide page.
const wide = matchMedia("(min-width: 64rem)");
for (const menu of document.querySelectorAll("[data-menu]")) {
  const follow = () => { menu.open = wide.matches; };
  follow();
  wide.addEventListener("change", follow);
}

// On a telephone the tabs do not all fit: the chosen one is moved into view, the page itself stays where it is.
for (const tabs of document.querySelectorAll(".tabs")) {
  const chosen = tabs.querySelector("[aria-current]");
  if (chosen) tabs.scrollLeft = chosen.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - chosen.offsetWidth) / 2;
}

// One explanation is open at a time; Escape and a click elsewhere close it.
addEventListener("click", (event) => {
  for (const one of document.querySelectorAll("details.meaning[open]")) if (!one.contains(event.target)) one.open = false;
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const one of document.querySelectorAll("details.meaning[open]")) {
    one.open = false;
    one.querySelector("summary").focus();
  }
  const menu = document.querySelector("[data-menu][open]");
  if (menu && !wide.matches) menu.open = false;
});

// An explanation stays inside the window, wherever its question mark stands.
addEventListener("toggle", ({ target }) => {
  if (!target.matches("details.meaning[open]")) return;
  const text = target.querySelector("p");
  text.style.translate = "";
  const { left, right } = text.getBoundingClientRect();
  const edge = 8;
  const over = Math.max(0, right - document.documentElement.clientWidth + edge);
  text.style.translate = `${left < edge ? edge - left : -over}px`;
}, true);

// Times are sent as UTC and read in the reader's own zone.
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]:not([data-keep])")) {
  time.title = time.textContent;
  time.textContent = format.format(new Date(time.dateTime));
}

addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  const text = field.value ?? field.textContent;
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied");
  } catch {  // without TLS there is no clipboard: the text is selected instead
    if (field.select) field.select();
    else getSelection().selectAllChildren(field);
    toast("Selected: copy it with the keyboard");
  }
});

// Fields that send their form as soon as they change: `data-send` on the form.
addEventListener("change", (event) => event.target.form?.matches("[data-send]") && event.target.form.requestSubmit());

// Tables to sort: `data-sortable`; a cell says in `data-value` what it is sorted by where that is not its text.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!head.textContent.trim() || head.hasAttribute("data-unsorted") || head.querySelector(":scope > .hidden")) return;
    const button = document.createElement("button");
    button.className = "sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(table, heads, column));
  });
}

function sort(table, heads, column) {
  const numeric = heads[column].classList.contains("num");
  const descending = heads[column].getAttribute("aria-sort") === (numeric ? null : "ascending");
  for (const head of heads) head.removeAttribute("aria-sort");
  heads[column].setAttribute("aria-sort", descending ? "descending" : "ascending");
  const key = (row) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    if (!numeric) return text;
    const value = parseFloat(text.replace(/[^\d.eE+-]/g, ""));
    return Number.isNaN(value) ? -Infinity : value;
  };
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  for (const body of table.tBodies) {
    const rows = [...body.rows].map((row) => [key(row), row]);
    rows.sort(([a], [b]) => (numeric ? a - b : compare(a, b)) * (descending ? -1 : 1));
    body.append(...rows.map(([, row]) => row));
  }
}
