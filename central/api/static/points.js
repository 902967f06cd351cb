// The nearest acceptance points that are open and alive, by district or by the phone's place.

const POSITION = { timeout: 10_000, maximumAge: 600_000 };

/** Return {districts, points} of central; see central/api/routes/points.py. */
async function find(parameters) {
  const answer = await fetch(`/points?${new URLSearchParams(parameters)}`, { cache: "no-store" });
  if (!answer.ok) throw new Error("no points");
  return answer.json();
}

/** Return the phone's place as parameters; rejects if the person, or the phone, does not tell it. */
function place() {
  return new Promise((resolve, reject) => {
    const found = ({ coords }) => resolve({ latitude: coords.latitude, longitude: coords.longitude });
    navigator.geolocation.getCurrentPosition(found, reject, POSITION);
  });
}

/** Fill `root`, a copy of the template "points", with `text` from the phrases. */
export class Points {
  constructor(root, text) {
    Object.assign(this, { root, text });
    this.list = root.querySelector("[data-list]");
    this.select = root.querySelector("select");
    this.near = root.querySelector("[data-near]");
    this.near.hidden = !navigator.geolocation;
    this.select.addEventListener("change", () => this.show({ district: this.select.value }));
    this.near.addEventListener("click", () => place().then((at) => this.show(at), () => (this.near.hidden = true)));
  }

  async show(parameters = {}) {
    let found = { districts: [], points: [] };
    try {
      found = await find(parameters);
    } catch {
      // the sentence says so
    }
    const known = [...this.select.options].map((one) => one.value);
    for (const name of found.districts) if (!known.includes(name)) this.select.add(new Option(name, name));
    this.select.parentElement.hidden = this.select.options.length < 2;
    const items = found.points.map((one) => this.#item(one));
    this.list.replaceChildren(...items);
    this.root.querySelector("[data-none]").hidden = items.length > 0;
  }

  #item(point) {
    const item = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = point.place;
    item.append(name, document.createElement("br"), this.#details(point));
    return item;
  }

  #details(point) {
    const { text } = this;
    const state = point.alive ? { true: text.point_open, false: text.point_closed }[point.open] : text.point_dead;
    const km = point.distance_m === null ? "" : text.point_km.replace("{km}", (point.distance_m / 1000).toFixed(1));
    return [point.district, km, point.hours, state].filter(Boolean).join(" · ");
  }
}
