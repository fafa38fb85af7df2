// Lines and zones on a picture. Their numbers stand in the fields of a form, which is all that is saved: this draws what
// the fields say, and writes into them what is drawn. Without this script the fields still do.

const SVG = "http://www.w3.org/2000/svg";

function make(name, attributes = {}, parent = null) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

class Board {
  constructor(place) {
    this.about = JSON.parse(place.querySelector("script").textContent);
    const [left, top, width, height] = this.about.box;
    Object.assign(this, { place, left, top, width, height });
    this.svg = make("svg", { viewBox: this.about.box.join(" ") }, place);
    this.svg.style.aspectRatio = `${width} / ${height}`;
    if (this.about.picture) make("image", { href: this.about.picture, x: left, y: top, width, height }, this.svg);
    else make("rect", { x: left, y: top, width, height, class: "plane" }, this.svg);
    this.layer = make("g", {}, this.svg);
    // Strokes and handles have one size on the screen, whatever the picture's.
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  // How much of the drawing a pixel of the screen is. A tall one on a wide screen leaves room at its sides.
  get unit() {
    const { clientWidth, clientHeight } = this.svg;
    return Math.max(this.width / (clientWidth || this.width), this.height / (clientHeight || this.height));
  }

  // The plane's y grows upwards, the screen's downwards.
  seen([x, y]) { return [x, this.about.up ? -y : y]; }

  meant(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    const x = Math.min(Math.max(at.x, this.left), this.left + this.width);
    const y = Math.min(Math.max(at.y, this.top), this.top + this.height);
    return this.rounded([x, this.about.up ? -y : y]);
  }

  rounded(point) {
    // A pixel is the finest that there is; on a plane, what one can point at.
    const digits = this.about.picture ? 0 : Math.max(0, Math.ceil(-Math.log10(this.unit / 2)));
    return point.map((value) => Number(value.toFixed(Math.min(digits, 6))) + 0);
  }

  shapes() { return this.about.shapes; }

  draw() {
    this.layer.replaceChildren();
    // Zones below lines, whose handles would else be out of reach.
    const numbered = this.shapes().map((shape, index) => [shape, index]);
    for (const kind of ["zone", "line"]) {
      for (const [shape, index] of numbered) if (shape.kind === kind) this.drawShape(shape, index);
    }
  }

  drawShape(shape, index) {
    const points = shape.points.map((point) => this.seen(point));
    const group = make("g", { class: `drawn c${(index % 6) + 1} ${shape.kind}` }, this.layer);
    const text = points.map((point) => point.join(",")).join(" ");
    const name = shape.kind === "zone" ? "polygon" : "polyline";
    make(name, { points: text, class: "under", "stroke-width": 5 * this.unit }, group);
    make(name, { points: text, class: "stroke", "stroke-width": 2.5 * this.unit }, group);
    if (shape.kind === "line" && points.length > 1) this.arrow(points, shape.inside, group);
    if (points.length) this.label(shape, points, group);
    return group;
  }

  // From the middle of the line to the inside: left is left of whoever walks along it, as one sees it.
  arrow(points, inside, group) {
    const lengths = points.slice(1).map(([x, y], i) => Math.hypot(x - points[i][0], y - points[i][1]));
    let left = lengths.reduce((a, b) => a + b, 0) / 2;
    let piece = 0;
    while (piece < lengths.length - 1 && left > lengths[piece]) left -= lengths[piece++];
    const [[x1, y1], [x2, y2]] = [points[piece], points[piece + 1]];
    const length = lengths[piece] || 1;
    const [x, y] = [x1 + ((x2 - x1) * left) / length, y1 + ((y2 - y1) * left) / length];
    const side = inside === "right" ? -1 : 1;
    const [dx, dy] = [(side * (y2 - y1)) / length, (side * -(x2 - x1)) / length];
    const u = this.unit;
    const at = (far, aside) => [x + dx * far * u - dy * aside * u, y + dy * far * u + dx * aside * u].join(",");
    for (const [kind, width] of [["under", 6], ["stroke", 3]]) {
      make("path", { d: `M${at(0, 0)}L${at(26, 0)}M${at(18, -8)}L${at(28, 0)}L${at(18, 8)}`, class: `arrow ${kind}`, "stroke-width": width * u }, group);
    }
    group.dataset.inside = `${Math.round(dx * 100) / 100 + 0} ${Math.round(dy * 100) / 100 + 0}`;
  }

  label(shape, points, group) {
    const [x, y] = points.reduce((a, b) => (b[1] < a[1] ? b : a));
    const size = 13 * this.unit;
    const text = make("text", { x: Math.min(x, this.left + this.width * 0.8), y: Math.max(y - 12 * this.unit, this.top + size), "font-size": size, "stroke-width": 3 * this.unit }, group);
    text.textContent = shape.name;
  }
}

class Editor extends Board {
  constructor(place) {
    super(place);
    this.form = document.getElementById(place.dataset.drawing);
    this.list = this.form.querySelector("[data-shapes]");
    this.hint = this.form.querySelector("[data-hint]");
    this.usual = this.hint.textContent;
    this.drawing = null;
    this.next = this.form.querySelectorAll("[data-shape]").length;
    this.svg.setAttribute("role", "group");
    this.svg.setAttribute("aria-label", "The drawing");
    this.listen();
    this.draw();
  }

  // -- the fields

  fields() { return [...this.list.querySelectorAll("[data-shape]")]; }

  points(field) {
    return [...field.querySelectorAll("[data-point]")].map((row) => [this.number(row, "x"), this.number(row, "y")]);
  }

  number(row, axis) {
    return Number(row.querySelector(`[data-${axis}]`).value.replace(",", ".")) || 0;
  }

  shapes() {
    return this.fields().map((field) => ({
      kind: field.dataset.shape,
      name: field.querySelector("[data-name]").value || field.querySelector("[data-title]").textContent,
      inside: field.querySelector("select[name$='.inside']")?.value,
      points: this.points(field),
      field,
    }));
  }

  write(field, points) {
    const body = field.querySelector("[data-points]");
    while (body.rows.length > points.length) body.rows[body.rows.length - 1].remove();
    while (body.rows.length < points.length) body.append(this.row(field, body.rows.length));
    points.forEach(([x, y], i) => {
      body.rows[i].querySelector("[data-x]").value = x;
      body.rows[i].querySelector("[data-y]").value = y;
    });
    this.draw();
  }

  row(field, index) {
    const made = document.getElementById("new-point").content.querySelector("tr").cloneNode(true);
    for (const input of made.querySelectorAll("input")) {
      input.name = `${field.dataset.base}.points[${index}].${input.hasAttribute("data-x") ? "x" : "y"}`;
    }
    return made;
  }

  add(kind) {
    const text = document.getElementById(`new-${kind}`).innerHTML.replaceAll("__", String(this.next++));
    const holder = document.createElement("div");
    holder.innerHTML = text;
    const field = holder.firstElementChild;
    const same = this.fields().filter((one) => one.dataset.shape === kind);
    (same.at(-1) ?? (kind === "line" ? null : this.fields().at(-1)))?.after(field);
    if (!field.isConnected) this.list.prepend(field);
    this.list.querySelector("[data-none]").hidden = true;
    return field;
  }

  drop(field) {
    const after = field.nextElementSibling;
    field.remove();
    this.list.querySelector("[data-none]").hidden = this.fields().length > 0;
    this.draw();
    (after?.querySelector("input:not([type=hidden])") ?? this.form.querySelector("[data-tool]")).focus();
  }

  // -- the drawing

  draw() {
    if (!this.list) return;
    const active = document.activeElement?.dataset?.handle;
    super.draw();
    this.fields().forEach((field, i) => {
      const name = field.querySelector("[data-name]").value.trim();
      field.querySelector("[data-title]").textContent = name || `New ${field.dataset.shape}`;
      field.className = field.className.replace(/ c\d\b/, "") + ` c${(i % 6) + 1}`;
      [...field.querySelectorAll("[data-point]")].forEach((row, at) => {
        row.cells[0].textContent = at + 1;
        row.querySelector("[data-x]").setAttribute("aria-label", `x of point ${at + 1}`);
        row.querySelector("[data-y]").setAttribute("aria-label", `y of point ${at + 1}`);
        row.querySelector("[data-drop-point]").setAttribute("aria-label", `Remove point ${at + 1}`);
      });
    });
    if (active) this.layer.querySelector(`[data-handle="${active}"]`)?.focus();
  }

  drawShape(shape, index) {
    const group = super.drawShape(shape, index);
    const u = this.unit;
    const points = shape.points.map((point) => this.seen(point));
    const pairs = shape.kind === "zone" ? points.map((point, i) => [point, points[(i + 1) % points.length]]) : points.slice(1).map((point, i) => [points[i], point]);
    if (!this.drawing) {
      pairs.forEach(([a, b], i) => {
        if (Math.hypot(a[0] - b[0], a[1] - b[1]) < 60 * u) return;
        const middle = make("circle", { cx: (a[0] + b[0]) / 2, cy: (a[1] + b[1]) / 2, r: 5 * u, class: "middle", "stroke-width": 1.5 * u }, group);
        middle.addEventListener("pointerdown", (event) => this.insert(event, shape.field, i + 1));
      });
    }
    points.forEach(([x, y], i) => {
      const handle = make("g", { class: "handle", tabindex: 0, role: "button", "aria-label": `${shape.name}, point ${i + 1}` }, group);
      handle.dataset.handle = `${shape.field.dataset.base} ${i}`;
      make("circle", { cx: x, cy: y, r: 16 * u, class: "reach" }, handle);
      make("circle", { cx: x, cy: y, r: 6.5 * u, class: "dot", "stroke-width": 2 * u }, handle);
      if (this.drawing) return;
      handle.addEventListener("pointerdown", (event) => this.drag(event, shape.field, i));
      handle.addEventListener("keydown", (event) => this.key(event, shape.field, i));
    });
    return group;
  }

  drag(event, field, index) {
    if (event.button) return;
    event.preventDefault();
    const move = (moved) => {
      const points = this.points(field);
      points[index] = this.meant(moved);
      this.write(field, points);
    };
    const end = () => {
      this.svg.removeEventListener("pointermove", move);
      this.layer.querySelector(`[data-handle="${field.dataset.base} ${index}"]`)?.focus();
    };
    this.svg.setPointerCapture(event.pointerId);
    this.svg.addEventListener("pointermove", move);
    for (const over of ["pointerup", "pointercancel"]) this.svg.addEventListener(over, end, { once: true });
  }

  insert(event, field, index) {
    const points = this.points(field);
    points.splice(index, 0, this.meant(event));
    this.write(field, points);
    this.drag(event, field, index);
  }

  key(event, field, index) {
    const far = (event.shiftKey ? 10 : 1) * (this.about.picture ? 1 : this.unit);
    const up = this.about.up ? 1 : -1;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, up], ArrowDown: [0, -up] }[event.key];
    const points = this.points(field);
    if (way) {
      points[index] = this.rounded([points[index][0] + way[0] * far, points[index][1] + way[1] * far]);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      points.splice(index, 1);
    } else {
      return;
    }
    event.preventDefault();
    this.write(field, points);
    const left = Math.min(index, points.length - 1);
    this.layer.querySelector(`[data-handle="${field.dataset.base} ${left}"]`)?.focus();
  }

  // -- drawing something new

  begin(kind) {
    this.stop(false);
    this.drawing = { kind, points: [] };
    this.place.classList.add("drawing-now");
    this.say(kind === "line" ? "Click where the line begins, then where it turns or ends. Then press Done." : "Click each corner of the zone. Then press Done.");
    for (const button of this.form.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", button.dataset.tool === kind);
    this.form.querySelector("[data-cancel]").hidden = false;
    this.svg.scrollIntoView({ block: "nearest" });
  }

  place_(event) {
    const { kind, points } = this.drawing;
    const point = this.meant(event);
    const last = points.at(-1);
    if (last && Math.hypot(last[0] - point[0], last[1] - point[1]) < 4 * this.unit) return;
    points.push(point);
    this.drawing.field ??= this.add(kind);
    this.write(this.drawing.field, points);
    this.form.querySelector("[data-done]").hidden = points.length < (kind === "line" ? 2 : 3);
  }

  stop(keep) {
    const { field } = this.drawing ?? {};
    this.drawing = null;
    this.place.classList.remove("drawing-now");
    for (const button of this.form.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", "false");
    this.form.querySelector("[data-done]").hidden = this.form.querySelector("[data-cancel]").hidden = true;
    this.say(keep ? "Give it a name, see where the arrow points, and save." : this.usual);
    if (!field) return;
    if (keep) {
      this.draw();
      field.querySelector("[data-name]").focus();
    } else {
      this.drop(field);
    }
  }

  say(text) { this.hint.textContent = text; }

  listen() {
    this.form.addEventListener("input", () => this.draw());
    this.form.addEventListener("change", () => this.draw());
    this.form.addEventListener("click", (event) => this.click(event));
    this.form.addEventListener("keydown", (event) => {
      if (this.drawing && event.key === "Escape") this.stop(false);
      // Enter in a field must not send half a drawing away.
      if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
    });
    this.svg.addEventListener("pointerdown", (event) => {
      if (this.drawing && !event.button) {
        event.preventDefault();
        this.place_(event);
      }
    });
    this.svg.addEventListener("dblclick", () => this.drawing && !this.form.querySelector("[data-done]").hidden && this.stop(true));
  }

  click(event) {
    const button = event.target.closest("button[type=button]");
    if (!button) return;
    const field = button.closest("[data-shape]");
    const data = button.dataset;
    if (data.tool && event.detail === 0) this.byKeyboard(data.tool);
    else if (data.tool) this.begin(data.tool);
    else if ("done" in data) this.stop(true);
    else if ("cancel" in data) this.stop(false);
    else if ("drop" in data) this.drop(field);
    else if ("turn" in data) {
      const select = field.querySelector("select[name$='.inside']");
      select.value = select.value === "left" ? "right" : "left";
      this.draw();
    } else if ("addPoint" in data) {
      const points = this.points(field);
      const [a, b] = [points.at(-2), points.at(-1)];
      points.push(this.rounded(b ? [b[0] + (a ? b[0] - a[0] : 10 * this.unit), b[1] + (a ? b[1] - a[1] : 0)] : this.middle(0, 0)));
      this.write(field, points);
      field.querySelector("[data-points] tr:last-child [data-x]").focus();
    } else if ("dropPoint" in data) {
      const points = this.points(field);
      points.splice([...field.querySelectorAll("[data-point]")].indexOf(button.closest("tr")), 1);
      this.write(field, points);
      field.querySelector("[data-add-point]").focus();
    }
  }

  // Whoever presses the button with a key gets something in the middle to move about.
  byKeyboard(kind) {
    this.stop(false);
    const field = this.add(kind);
    const corners = kind === "line" ? [[-1, 0], [1, 0]] : [[-1, -1], [1, -1], [1, 1], [-1, 1]];
    this.write(field, corners.map(([x, y]) => this.middle(x, y)));
    this.say("It begins in the middle: arrow keys move each of its points, with Shift by ten.");
    this.layer.querySelector(`[data-handle="${field.dataset.base} 0"]`)?.focus();
  }

  middle(x, y) {
    const down = this.top + this.height / 2 + (y * this.height) / 6;
    return this.rounded([this.left + this.width / 2 + (x * this.width) / 6, this.about.up ? -down : down]);
  }
}

for (const place of document.querySelectorAll("[data-drawing]")) {
  if (JSON.parse(place.querySelector("script").textContent).editable) new Editor(place);
  else new Board(place).draw();
}
