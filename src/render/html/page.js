"use strict";
// Shows the report that stands in the page. Names come from the repository: they are only ever set as text.
(() => {
  const report = JSON.parse(document.getElementById("report").textContent);
  const page = document.getElementById("page");
  const FIRST = 60;

  const make = (name, className, ...children) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  };
  const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;
  const remembered = { text: "", quiet: true, drafts: true, clean: true, everybody: false, only: true, group: 0 };
  const about = (group, a, b) => group.subject === null || !remembered.only || a === group.subject || b === group.subject;

  const link = (request) => {
    if (!report.url || request.number === null) return document.createTextNode(request.label);
    const anchor = make("a", "", request.label);
    anchor.href = report.url + request.number;
    anchor.rel = "noreferrer";
    return anchor;
  };
  const named = (request) => {
    const span = make("span", "", link(request));
    if (request.marks.length) span.append(make("small", "", ` ${request.marks.join(", ")}`));
    return span;
  };

  // What the reader asked to see.
  const haystack = (request) => `${request.label} ${request.marks.join(" ")}`.toLowerCase();
  const shows = (group, conflict) => {
    const [a, b] = [group.requests[conflict.a], group.requests[conflict.b]];
    if (!about(group, conflict.a, conflict.b)) return false;
    if (!remembered.quiet && !conflict.counts) return false;
    if (!remembered.drafts && (a.draft || b.draft || a.bot || b.bot)) return false;
    const text = remembered.text.toLowerCase();
    return text.split(/\s+/).every((word) =>
      haystack(a).includes(word) || haystack(b).includes(word) ||
      conflict.paths.some((path) => path.path.toLowerCase().includes(word) || (path.kind || "").includes(word)));
  };

  // Matrix: who shares conflicts stands together, so that clusters are seen as blocks.
  const order = (group, cells) => {
    const near = new Map();
    for (const [a, b, grade] of cells) {
      if (grade < 2) continue;
      for (const [x, y] of [[a, b], [b, a]]) near.set(x, [...(near.get(x) || []), y]);
    }
    const degree = (at) => (near.get(at) || []).length;
    const all = [...new Set(cells.flatMap(([a, b]) => [a, b]))].sort((x, y) => degree(y) - degree(x) || x - y);
    const seen = new Set();
    const placed = [];
    for (const start of all) {
      const queue = [start];
      while (queue.length) {
        const at = queue.shift();
        if (seen.has(at)) continue;
        seen.add(at);
        placed.push(at);
        queue.push(...(near.get(at) || []).filter((next) => !seen.has(next)).sort((x, y) => degree(y) - degree(x) || x - y));
      }
    }
    return placed;
  };

  const matrix = (group, pick) => {
    const box = make("div", "matrix");
    const canvas = make("canvas");
    const spacer = make("div");
    const hint = make("span");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "Matrix of the pairs; the list below says the same");
    box.append(canvas, spacer);
    let rows = [], table = new Map(), size = 12, hover = null, zoom = 0;
    const paint = canvas.getContext("2d");
    const probe = make("span");
    const resolve = (name) => {
      probe.style.color = `var(${name})`;
      box.append(probe);
      const value = getComputedStyle(probe).color;
      probe.remove();
      return value;
    };
    const gutter = () => (size >= 8 ? 150 : 8);

    const layout = () => {
      const width = box.clientWidth;
      const fit = (width - 150) / Math.max(rows.length, 1);
      size = zoom || Math.min(26, Math.max(9, fit));
      if (zoom === -1) size = Math.max(2, Math.min(26, (width - 8) / Math.max(rows.length, 1)));
      const whole = gutter() + size * rows.length;
      box.style.height = `${Math.min(whole + 4, Math.max(360, window.innerHeight * 0.8))}px`;
      const ratio = window.devicePixelRatio || 1;
      const [w, h] = [box.clientWidth, box.clientHeight];
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
      canvas.style.width = `${w}px`;
      canvas.style.height = `${h}px`;
      spacer.style.width = `${whole}px`;
      spacer.style.height = `${Math.max(0, whole - h)}px`;
      paint.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw();
    };

    const draw = () => {
      const [w, h, left] = [box.clientWidth, box.clientHeight, gutter()];
      const [dx, dy] = [box.scrollLeft, box.scrollTop];
      const inks = ["--same", "--clean", "--caution", "--bad"].map(resolve);
      const [text, faint, line, card] = ["--ink", "--faint", "--line", "--card"].map(resolve);
      paint.fillStyle = card;
      paint.fillRect(0, 0, w, h);
      const from = (scroll) => Math.max(0, Math.floor(scroll / size));
      const to = (scroll, room) => Math.min(rows.length, Math.ceil((scroll + room - left) / size) + 1);
      const gap = size > 5 ? 1 : 0;
      paint.save();
      paint.beginPath();
      paint.rect(left, left, w, h);
      paint.clip();
      for (let row = from(dy); row < to(dy, h); row++) {
        const y = left + row * size - dy;
        for (let column = from(dx); column < to(dx, w); column++) {
          const x = left + column * size - dx;
          if (row === column) {
            paint.fillStyle = line;
            paint.fillRect(x, y, size - gap, size - gap);
            continue;
          }
          const cell = table.get(key(rows[row], rows[column]));
          if (!cell) continue;
          paint.globalAlpha = cell[2] === 3 ? Math.min(1, 0.55 + cell[3] * 0.15) : 1;
          paint.fillStyle = inks[cell[2]];
          paint.fillRect(x, y, size - gap, size - gap);
          paint.globalAlpha = 1;
        }
      }
      if (hover) {
        paint.strokeStyle = text;
        paint.globalAlpha = 0.5;
        paint.strokeRect(left - dx, left + hover.row * size - dy - 0.5, rows.length * size, size);
        paint.strokeRect(left + hover.column * size - dx - 0.5, left - dy, size, rows.length * size);
        paint.globalAlpha = 1;
      }
      paint.restore();
      if (size < 8) return;
      paint.fillStyle = card;
      paint.fillRect(0, 0, w, left);
      paint.fillRect(0, 0, left, h);
      paint.font = `${Math.max(8, Math.min(12, size - 1))}px ui-monospace, monospace`;
      paint.textBaseline = "middle";
      const short = (label) => (label.length > 22 ? `${label.slice(0, 12)}…${label.slice(-9)}` : label);
      const label = (index, chosen) => {
        paint.fillStyle = chosen ? text : faint;
        return short(group.requests[rows[index]].label);
      };
      paint.save();
      paint.beginPath();
      paint.rect(0, left, left, h);
      paint.clip();
      paint.textAlign = "right";
      for (let row = from(dy); row < to(dy, h); row++) {
        paint.fillText(label(row, hover && hover.row === row), left - 6, left + row * size - dy + size / 2, left - 10);
      }
      paint.restore();
      paint.save();
      paint.beginPath();
      paint.rect(left, 0, w, left);
      paint.clip();
      paint.textAlign = "left";
      for (let column = from(dx); column < to(dx, w); column++) {
        paint.save();
        paint.translate(left + column * size - dx + size / 2, left - 6);
        paint.rotate(-Math.PI / 2);
        paint.fillText(label(column, hover && hover.column === column), 0, 0, left - 10);
        paint.restore();
      }
      paint.restore();
    };

    const key = (a, b) => (a < b ? a * group.requests.length + b : b * group.requests.length + a);
    const place = (event) => {
      const edge = box.getBoundingClientRect();
      const index = (client, start, scroll) => Math.floor((client - start + scroll - gutter()) / size);
      const row = index(event.clientY, edge.top, box.scrollTop);
      const column = index(event.clientX, edge.left, box.scrollLeft);
      return row >= 0 && column >= 0 && row < rows.length && column < rows.length ? { row, column } : null;
    };
    const words = ["the same change", "merges cleanly", "conflict that blocks nobody", "conflict"];
    canvas.addEventListener("mousemove", (event) => {
      hover = place(event);
      const pair = hover && hover.row !== hover.column && [rows[hover.row], rows[hover.column]];
      const cell = pair && table.get(key(...pair));
      canvas.style.cursor = cell && cell[2] > 1 ? "pointer" : "default";
      hint.textContent = !pair ? "" : `${group.requests[pair[0]].label} ↔ ${group.requests[pair[1]].label}: ` +
        (cell ? `${words[cell[2]]}, ${count(cell[3], "path", "paths")}` : "nothing in common");
      draw();
    });
    canvas.addEventListener("mouseleave", () => { hover = null; hint.textContent = ""; draw(); });
    canvas.addEventListener("click", (event) => {
      const spot = place(event);
      if (spot && spot.row !== spot.column) pick(rows[spot.row], rows[spot.column]);
    });
    box.addEventListener("scroll", draw);
    window.addEventListener("resize", layout);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    document.addEventListener("coord-theme", draw);

    const update = (conflicts) => {
      const shown = new Set(conflicts.map((conflict) => key(conflict.a, conflict.b)));
      const filtered = remembered.text !== "" || !remembered.drafts || !remembered.quiet;
      let cells = group.cells.filter(([a, b, grade]) => (grade > 1 ? shown.has(key(a, b)) : remembered.clean && about(group, a, b)));
      if (filtered) {
        const of = new Set(conflicts.flatMap((conflict) => [conflict.a, conflict.b]));
        cells = cells.filter(([a, b]) => of.has(a) && of.has(b));
      }
      if (!remembered.clean || cells.some((cell) => cell[2] > 1)) {
        const of = new Set(cells.filter((cell) => cell[2] > 1).flatMap(([a, b]) => [a, b]));
        if (of.size > 0 && !remembered.everybody) cells = cells.filter(([a, b]) => of.has(a) && of.has(b));
      }
      rows = order(group, cells);
      table = new Map(cells.map((cell) => [key(cell[0], cell[1]), cell]));
      layout();
      return rows.length;
    };
    const scale = (value) => { zoom = value; layout(); };
    return { box, hint, update, scale, size: () => size };
  };

  // One conflict: a line, and both sides' lines when it is opened.
  const side = (title, lines) => {
    const pre = make("pre");
    let last = null;
    for (const [number, text, changed] of lines) {
      if (last !== null && number > last + 1) pre.append(make("div", "faint", "⋯"));
      pre.append(make("div", changed ? "changed" : "", make("b", "", String(number)), text || " "));
      last = number;
    }
    if (!lines.length) pre.append(make("div", "faint", "nothing here"));
    return make("div", "side", make("h4", "", title), pre);
  };
  const hunk = (group, conflict, path) => {
    const say = [path.lines, path.kind, path.blocks ? "" : "never blocks"].filter(Boolean).join(" · ");
    const part = make("div", "hunk", make("h3", "", make("span", "path", path.path), make("span", "faint", `  ${say}`)));
    if (path.excerpt) {
      const [a, b] = [group.requests[conflict.a].label, group.requests[conflict.b].label];
      part.append(make("div", "sides", side(a, path.excerpt.a), side(group.base, path.excerpt.base), side(b, path.excerpt.b)));
      if (path.excerpt.cut) part.append(make("p", "faint", "only the first lines are shown"));
    }
    return part;
  };
  const entry = (group, conflict) => {
    const details = make("details", conflict.counts ? "conflict" : "conflict quiet");
    const [a, b, first] = [conflict.a, conflict.b, conflict.first].map((at) => group.requests[at]);
    const names = conflict.paths.slice(0, 3).map((path) => `${path.path} ${path.lines}`.trim());
    if (conflict.paths.length > 3) names.push(`and ${conflict.paths.length - 3} more`);
    details.append(make("summary", "",
      make("span", "pair", named(a), " ↔ ", named(b)),
      make("span", "first", conflict.acknowledged ? "acknowledged" : `${first.label} goes first, ${conflict.why}`),
      make("span", "where", `${names.join(" · ")} — touches ${conflict.touches}`)));
    details.addEventListener("toggle", () => {
      if (details.open && details.childElementCount === 1) {
        details.append(...conflict.paths.map((path) => hunk(group, conflict, path)));
      }
    });
    return details;
  };

  const spots = (group) => {
    const worth = group.spots.filter((spot) => spot.cent > 0 || spot.share).slice(0, 12);
    if (!worth.length) return null;
    const rows = worth.map((spot) => {
      const bar = make("i");
      bar.style.width = `${Math.max(2, spot.cent)}px`;
      return make("tr", "", make("td", "path", spot.path), make("td", "share", bar, spot.share),
        make("td", "faint", spot.advice));
    });
    return make("section", "", make("h2", "", "Hot spots"), make("table", "spots", make("tbody", "", ...rows)));
  };

  const listed = (title, items) => {
    if (!items.length) return null;
    const list = make("ul", "list", ...items.slice(0, FIRST).map((item) => make("li", "", ...item)));
    const section = make("section", "", make("h2", "", title, make("small", "", String(items.length))), list);
    if (items.length > FIRST) {
      const more = make("button", "", `show all ${items.length}`);
      more.addEventListener("click", () => {
        list.append(...items.slice(FIRST).map((item) => make("li", "", ...item)));
        more.remove();
      });
      section.append(more);
    }
    return section;
  };

  const toggle = (text, name, then) => {
    const box = make("input");
    box.type = "checkbox";
    box.checked = remembered[name];
    box.addEventListener("change", () => { remembered[name] = box.checked; then(); });
    return make("label", "", box, ` ${text}`);
  };

  const show = () => {
    page.replaceChildren();
    const group = report.groups[remembered.group];
    if (report.besides) page.append(make("p", "faint", report.besides));
    for (const notice of report.notices) page.append(make("p", "note", notice));
    if (!group) {
      page.append(make("p", "empty", "No open requests."));
      return;
    }
    const search = make("input");
    search.type = "search";
    search.id = "search";
    search.placeholder = "filter by request, author, path, kind";
    search.setAttribute("aria-label", "Filter");
    search.value = remembered.text;
    const bar = make("div", "bar");
    if (report.groups.length > 1) {
      const choose = make("select");
      report.groups.forEach((of, index) => {
        const option = make("option", "", `on ${of.base} (${of.conflicts.length})`);
        option.value = String(index);
        choose.append(option);
      });
      choose.value = String(remembered.group);
      choose.addEventListener("change", () => { remembered.group = Number(choose.value); show(); });
      bar.append(choose);
    }
    const theme = make("button", "", "light / dark");
    theme.addEventListener("click", () => {
      const root = document.documentElement;
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      document.dispatchEvent(new Event("coord-theme"));
    });
    const list = make("div");
    list.id = "conflicts";
    const heading = make("h2", "", "Conflicts");
    let shown = FIRST;
    const pick = (a, b) => {
      const [x, y] = [Math.min(a, b), Math.max(a, b)];
      const found = visible.findIndex((conflict) => Math.min(conflict.a, conflict.b) === x && Math.max(conflict.a, conflict.b) === y);
      if (found < 0) return;
      if (found >= shown) { shown = found + 1; fill(); }
      const details = list.children[found];
      details.open = true;
      details.scrollIntoView({ behavior: "smooth", block: "center" });
    };
    const grid = group.cells.length ? matrix(group, pick) : null;
    let visible = [];
    const fill = () => {
      list.replaceChildren(...visible.slice(0, shown).map((conflict) => entry(group, conflict)));
      if (visible.length > shown) {
        const more = make("button", "", `show ${visible.length - shown} more`);
        more.addEventListener("click", () => { shown += 500; fill(); });
        list.append(more);
      }
      if (!visible.length) {
        list.append(make("p", group.conflicts.length ? "faint" : "empty",
          group.conflicts.length ? "No conflict matches." : "No conflicts."));
      }
    };
    const update = () => {
      visible = group.conflicts.filter((conflict) => shows(group, conflict));
      shown = FIRST;
      heading.replaceChildren("Conflicts", make("small", "", visible.length === group.conflicts.length
        ? String(visible.length) : `${visible.length} of ${group.conflicts.length}`));
      fill();
      if (grid) grid.update(visible);
    };
    search.addEventListener("input", () => { remembered.text = search.value.trim(); update(); });
    if (group.subject !== null) bar.append(toggle(`only ${group.requests[group.subject].label}`, "only", update));
    bar.append(search, toggle("drafts and bots", "drafts", update), toggle("generated and acknowledged", "quiet", update), theme);
    page.append(bar);
    const hot = spots(group);
    if (hot) page.append(hot);
    if (grid) {
      const key = make("span", "key");
      for (const [name, text] of [["--bad", "conflict"], ["--caution", "blocks nobody"], ["--clean", "merges cleanly"], ["--same", "same change"]]) {
        const swatch = make("i");
        swatch.style.background = `var(${name})`;
        key.append(swatch, text);
      }
      const bigger = make("button", "", "+");
      const smaller = make("button", "", "−");
      const whole = make("button", "", "whole");
      bigger.addEventListener("click", () => grid.scale(Math.min(30, grid.size() * 1.4)));
      smaller.addEventListener("click", () => grid.scale(Math.max(2, grid.size() / 1.4)));
      whole.addEventListener("click", () => grid.scale(-1));
      for (const [button, name] of [[bigger, "larger"], [smaller, "smaller"]]) button.setAttribute("aria-label", name);
      page.append(make("section", "", make("h2", "", "Who meets whom", make("small", "", group.target)), grid.box,
        make("div", "about", grid.hint, key)),
      make("div", "about", make("span", "", toggle("clean overlaps", "clean", update), "  ",
        toggle("requests without a conflict too", "everybody", update)), make("span", "", smaller, " ", bigger, " ", whole)));
    }
    page.append(make("section", "", heading, list));
    const at = (index) => group.requests[index];
    const behind = listed(`Need a rebase on ${group.base}`, group.behind.map((of) => [link(at(of.at)), " ",
      make("span", "path faint", of.paths.join(" · ") + (of.more ? ` and ${of.more} more` : ""))]));
    const unknown = listed("Could not be judged", report.unknown.map((of) => [`${of.who}: ${of.reason}`]));
    const everybody = listed("Open requests", group.requests.map((of) => [named(of),
      make("span", "faint", ` ${count(of.files, "file", "files")}`)]));
    for (const section of [behind, unknown, everybody]) if (section) page.append(section);
    update();
  };
  show();
})();
