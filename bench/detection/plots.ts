/** A curve of a plot; points in data units. */
export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
  readonly dashed?: boolean;
}

export interface Axis {
  readonly title: string;
  readonly from: number;
  readonly to: number;
  /** Powers of ten at even distances; `from` must be above 0. */
  readonly logarithmic?: boolean;
}

const WIDTH = 460;
const HEIGHT = 300;
const LEFT = 58;
const BOTTOM = 44;
const TOP = 14;
const RIGHT = 12;

export const colours = ["#0b6bcb", "#c2410c", "#15803d", "#7e22ce", "#64748b", "#b91c1c"] as const;
const colourOf = (index: number): string => colours[index % colours.length] as string;

export const escapeText = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const place = (axis: Axis, value: number): number => {
  const { from, to } = axis;
  if (axis.logarithmic !== true) return (value - from) / (to - from);
  return (Math.log(Math.max(value, from)) - Math.log(from)) / (Math.log(to) - Math.log(from));
};
const across = (axis: Axis, value: number): number =>
  LEFT + Math.min(1, Math.max(0, place(axis, value))) * (WIDTH - LEFT - RIGHT);
const up = (axis: Axis, value: number): number =>
  HEIGHT - BOTTOM - Math.min(1, Math.max(0, place(axis, value))) * (HEIGHT - TOP - BOTTOM);

function ticks(axis: Axis): number[] {
  if (axis.logarithmic === true) {
    const first = Math.ceil(Math.log10(axis.from) - 1e-9);
    const last = Math.floor(Math.log10(axis.to) + 1e-9);
    return Array.from({ length: last - first + 1 }, (_, step) => 10 ** (first + step));
  }
  const raw = (axis.to - axis.from) / 5;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * (raw / unit < 1.5 ? 1 : raw / unit < 3.5 ? 2 : 5);
  const count = Math.floor((axis.to - axis.from) / step + 1e-9) + 1;
  return Array.from({ length: count }, (_, index) => axis.from + index * step);
}

const tickText = (value: number): string => String(Number(value.toPrecision(3)));

function frame(x: Axis, y: Axis): string {
  const lines = [
    ...ticks(x).map((value) => {
      const at = across(x, value).toFixed(1);
      return `<path class="grid" d="M${at} ${TOP}V${HEIGHT - BOTTOM}"/><text x="${at}" y="${HEIGHT - BOTTOM + 14}" text-anchor="middle">${tickText(value)}</text>`;
    }),
    ...ticks(y).map((value) => {
      const at = up(y, value).toFixed(1);
      return `<path class="grid" d="M${LEFT} ${at}H${WIDTH - RIGHT}"/><text x="${LEFT - 6}" y="${Number(at) + 4}" text-anchor="end">${tickText(value)}</text>`;
    }),
  ];
  const middle = (TOP + HEIGHT - BOTTOM) / 2;
  return (
    `${lines.join("")}<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escapeText(x.title)}</text>` +
    `<text transform="rotate(-90 14 ${middle})" x="14" y="${middle}" text-anchor="middle">${escapeText(y.title)}</text>`
  );
}

const legend = (names: readonly string[]): string =>
  `<p class="legend">${names.map((name, index) => `<span style="color:${colourOf(index)}">■</span> ${escapeText(name)}`).join(" &nbsp; ")}</p>`;

const figure = (title: string, body: string, names: readonly string[]): string =>
  `<figure><figcaption>${escapeText(title)}</figcaption>` +
  `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(title)}">${body}</svg>` +
  `${legend(names)}</figure>`;

/** Curves in one pair of axes; values outside are drawn on the edge. */
export function curvePlot(
  title: string,
  of: { readonly x: Axis; readonly y: Axis; readonly curves: readonly Curve[] },
): string {
  const { x, y, curves } = of;
  const drawn = curves.map(({ points, dashed }, index) => {
    const known = points.filter(([, b]) => !Number.isNaN(b));
    const path = known.map(
      ([a, b], step) =>
        `${step === 0 ? "M" : "L"}${across(x, a).toFixed(1)} ${up(y, b).toFixed(1)}`,
    );
    const dashes = dashed === true ? ' stroke-dasharray="5 4"' : "";
    return `<path class="curve" stroke="${colourOf(index)}"${dashes} d="${path.join("")}"/>`;
  });
  return figure(
    title,
    frame(x, y) + drawn.join(""),
    curves.map(({ name }) => name),
  );
}

export interface BarRow {
  readonly label: string;
  /** One value per series, NaN where there is none. */
  readonly values: readonly number[];
}

const BAR = 8;

/** Groups of horizontal bars; values from 0 to `axis.to`. */
export function barPlot(
  title: string,
  of: { readonly axis: Axis; readonly series: readonly string[]; readonly rows: readonly BarRow[] },
): string {
  const { axis, series, rows } = of;
  const group = series.length * BAR + 8;
  const height = rows.length * group + 40;
  const left = 130;
  const width = (value: number): number => place(axis, value) * (WIDTH - left - RIGHT);
  const grid = ticks(axis).map((value) => {
    const at = (left + width(value)).toFixed(1);
    return `<path class="grid" d="M${at} 4V${height - 32}"/><text x="${at}" y="${height - 20}" text-anchor="middle">${tickText(value)}</text>`;
  });
  const bars = rows.map(({ label, values }, row) => {
    const top = 6 + row * group;
    const drawn = values.map((value, index) =>
      Number.isNaN(value)
        ? ""
        : `<rect x="${left}" y="${top + index * BAR}" width="${Math.max(0.5, width(value)).toFixed(1)}" height="${BAR - 1}" fill="${colourOf(index)}"/>`,
    );
    return `<text x="${left - 6}" y="${top + group / 2}" text-anchor="end">${escapeText(label)}</text>${drawn.join("")}`;
  });
  return (
    `<figure><figcaption>${escapeText(title)}</figcaption><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeText(title)}">` +
    `${grid.join("")}${bars.join("")}<text x="${(left + WIDTH) / 2}" y="${height - 4}" text-anchor="middle">${escapeText(axis.title)}</text></svg>${legend(series)}</figure>`
  );
}
