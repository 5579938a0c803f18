import { Chart, LineController, LineElement, LinearScale, LogarithmicScale, PointElement, Tooltip, type ChartDataset, type Plugin } from 'chart.js';
import type { Band, Curve, Interval } from './curves.ts';
import type { Theme } from './theme.ts';

Chart.register(LineController, LineElement, LinearScale, LogarithmicScale, PointElement, Tooltip);

export interface CurveChart {
  update(shown: Shown): void;
  setTheme(theme: Theme): void;
}

interface Shown {
  readonly curves: readonly Curve[];
  readonly bands: readonly Band[];
  readonly lastEpoch: number;
  /** Where the y axis ends, if not by itself. */
  readonly most?: number | undefined;
  readonly least?: number | undefined;
  readonly watch?: Interval | undefined;
}

interface ChartLook {
  readonly canvas: HTMLCanvasElement;
  readonly format: (value: number) => string;
  /** Fixed ends of the y axis, where the quantity has them. */
  readonly min?: number;
  readonly max?: number;
}

type Dataset = ChartDataset<'line', { x: number; y: number }[]>;

/** One line chart over epochs: no animation, no legend (the card's title is it), stage bands and what is watched behind the curves. */
export function curveChart({ canvas, format, min, max }: ChartLook, initialTheme: Theme): CurveChart {
  let theme = initialTheme;
  let shown: Shown = { curves: [], bands: [], lastEpoch: 1 };
  const chart = new Chart(canvas, {
    type: 'line',
    data: { datasets: [] as Dataset[] },
    plugins: [stageBands(() => shown.bands, () => theme), watchedInterval(() => shown.watch, () => theme)],
    options: {
      animation: false, parsing: false, normalized: true, responsive: true, maintainAspectRatio: false,
      interaction: { mode: 'nearest', axis: 'x', intersect: false },
      layout: { padding: { top: 14 } },
      scales: {
        x: { type: 'linear', min: 0, ticks: { precision: 0, maxTicksLimit: 12 }, border: { display: false } },
        y: { type: 'linear', border: { display: false }, ...(min !== undefined && { min }), ...(max !== undefined && { max }), ticks: { maxTicksLimit: 6, callback: (value) => format(Number(value)) } },
      },
      plugins: {
        tooltip: {
          callbacks: {
            title: ([item]) => item ? `epoch ${item.parsed.x!.toFixed(1)}` : '',
            label: (item) => ` ${item.dataset.label ?? ''}  ${format(item.parsed.y!)}`,
          },
        },
      },
    },
  });
  const redraw = (): void => {
    chart.data.datasets = shown.curves.map((curve) => datasetOf(curve, theme));
    const { x, y } = chart.options.scales!;
    for (const axis of [x!, y!]) {
      Object.assign(axis.ticks!, { color: theme.dim, font: { family: theme.font, size: 11 } });
      axis.grid = { color: theme.grid, drawTicks: false };
    }
    x!.grid = { display: false };
    Object.assign(chart.options.plugins!.tooltip!, { titleFont: { family: theme.font }, bodyFont: { family: theme.font } });
    chart.update('none');
  };
  return {
    update: (next) => {
      shown = next;
      const { lastEpoch, most = max, least = min } = next;
      chart.options.scales!['x']!.max = lastEpoch;
      if (most === undefined) delete chart.options.scales!['y']!.max;
      else chart.options.scales!['y']!.max = most;
      if (least !== undefined) chart.options.scales!['y']!.min = least;
      redraw();
    },
    setTheme: (next) => {
      theme = next;
      redraw();
    },
  };
}

function datasetOf({ name, kind, points }: Curve, theme: Theme): Dataset {
  const colour = kind === 'run' || kind === 'best' ? theme.run : kind === 'training' ? theme.training : theme.control;
  const few = points.length < 3;
  return {
    label: name,
    data: points as { x: number; y: number }[],
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: kind === 'run' ? 2.5 : theme.contrast ? 2 : kind === 'training' ? 1 : 1.5,
    borderDash: kind === 'random-features' ? [6, 4] : kind === 'scratch' ? [2, 3] : [],
    pointRadius: kind === 'best' ? 5 : few ? 2.5 : 0,
    pointHoverRadius: 4,
    showLine: kind !== 'best',
    spanGaps: false,
    clip: 8, // the point at the newest epoch is drawn whole
    tension: 0,
  };
}

/** Every second stage on a quiet ground, each with its name at the top. */
function stageBands(bandsOf: () => readonly Band[], themeOf: () => Theme): Plugin<'line'> {
  return {
    id: 'stageBands',
    beforeDatasetsDraw: ({ ctx, chartArea, scales }) => {
      const bands = bandsOf(), theme = themeOf();
      if (bands.length === 0) return;
      ctx.save();
      ctx.font = `11px ${theme.font}`;
      bands.forEach(({ label, from, to }, i) => {
        const left = Math.max(chartArea.left, scales['x']!.getPixelForValue(from));
        const right = Math.min(chartArea.right, scales['x']!.getPixelForValue(to));
        if (i % 2 === 1) {
          ctx.fillStyle = theme.band;
          ctx.fillRect(left, chartArea.top, right - left, chartArea.bottom - chartArea.top);
        }
        ctx.fillStyle = theme.dim;
        if (bands.length > 1) ctx.fillText(label, left + 6, chartArea.top - 4, Math.max(0, right - left - 8));
      });
      ctx.restore();
    },
  };
}

/** Shaded in the colour of the watch, with its two edges: in high contrast they are what can be seen of it. */
function watchedInterval(intervalOf: () => Interval | undefined, themeOf: () => Theme): Plugin<'line'> {
  return {
    id: 'watchedInterval',
    beforeDatasetsDraw: ({ ctx, scales }) => {
      const { points } = intervalOf() ?? { points: [] }, { watch, contrast } = themeOf();
      const half = points.length === 1 ? 4 : 0; // the first evaluation is seen too
      const edge = (pick: 'low' | 'high'): string[] => points.flatMap((point) => [-half, half].map((off) => `${scales['x']!.getPixelForValue(point.x) + off},${scales['y']!.getPixelForValue(point[pick])}`));
      const low = edge('low'), high = edge('high');
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = watch;
      ctx.lineWidth = contrast ? 2 : 1;
      for (const line of [low, high]) ctx.stroke(new Path2D(`M${line.join('L')}`));
      ctx.globalAlpha = 0.16;
      ctx.fill(new Path2D(`M${[...high, ...low.reverse()].join('L')}Z`));
      ctx.restore();
    },
  };
}
