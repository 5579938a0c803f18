import { Chart, LinearScale, LineController, LineElement, PointElement, Tooltip, type ChartDataset } from 'chart.js';
import type { Calibration, ReliabilityBin } from '../src/protocol/insight.ts';
import type { Theme } from './theme.ts';
import { percent } from '../src/base/units.ts';

Chart.register(LineController, LineElement, LinearScale, PointElement, Tooltip);

export interface ReliabilityChart {
  update(calibration: Calibration): void;
  setTheme(theme: Theme): void;
}

type Point = { x: number; y: number; items?: number };

/** How often the network is right, over how sure it said to be; a dot's area is its share of the images. On the diagonal, the two agree. */
export function reliabilityChart(canvas: HTMLCanvasElement, initialTheme: Theme): ReliabilityChart {
  let theme = initialTheme, shown: Calibration | undefined;
  const chart = new Chart(canvas, {
    type: 'line',
    data: { datasets: [] as ChartDataset<'line', Point[]>[] },
    options: {
      animation: false, parsing: false, responsive: true, maintainAspectRatio: false,
      layout: { padding: 8 },
      scales: {
        x: { type: 'linear', min: 0, max: 1, border: { display: false }, title: { display: true, text: 'how sure it said to be' }, ticks: { maxTicksLimit: 6, callback: (value) => percent(Number(value), 0) } },
        y: { type: 'linear', min: 0, max: 1, border: { display: false }, title: { display: true, text: 'how often it was right' }, ticks: { maxTicksLimit: 6, callback: (value) => percent(Number(value), 0) } },
      },
      plugins: {
        tooltip: {
          filter: ({ raw }) => (raw as Point).items !== undefined,
          callbacks: { title: ([item]) => item?.dataset.label ?? '', label: ({ raw }) => { const { x, y, items } = raw as Point; return ` ${items!} images: ${percent(x, 0)} sure, ${percent(y, 0)} right`; } },
        },
      },
    },
  });
  const redraw = (): void => {
    if (!shown) return;
    const { before, after, items, why } = shown, { x, y } = chart.options.scales!;
    const dots = (label: string, bins: readonly ReliabilityBin[], colour: string, dashed: boolean): ChartDataset<'line', Point[]> => ({
      label, borderColor: colour, backgroundColor: colour, borderWidth: theme.contrast ? 2 : 1.5, borderDash: dashed ? [4, 4] : [], tension: 0, clip: 12,
      data: bins.map(({ confidence, accuracy, items: count }) => ({ x: confidence, y: accuracy, items: count })),
      pointRadius: bins.map(({ items: count }) => 2.5 + 9 * Math.sqrt(count / items)), pointHoverRadius: bins.map(({ items: count }) => 3.5 + 9 * Math.sqrt(count / items)),
    });
    chart.data.datasets = [
      { label: 'right as often as said', data: [{ x: 0, y: 0 }, { x: 1, y: 1 }], borderColor: theme.dim, borderWidth: 1, borderDash: [2, 3], pointRadius: 0 },
      ...(why === undefined ? [dots('with the temperature', after.bins, theme.dim, true)] : []),
      dots('as it is', before.bins, theme.run, false),
    ];
    for (const axis of [x!, y!]) {
      const font = { family: theme.font, size: 11 };
      Object.assign(axis.ticks!, { color: theme.dim, font });
      Object.assign((axis as { title?: object }).title!, { color: theme.dim, font });
      axis.grid = { color: theme.grid, drawTicks: false };
    }
    chart.update('none');
  };
  return {
    update: (calibration) => {
      shown = calibration;
      redraw();
    },
    setTheme: (next) => {
      theme = next;
      redraw();
    },
  };
}
