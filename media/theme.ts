/** Colours of the page's canvas, all from VS Code's theme: CSS colours itself; a canvas must be told. */
export interface Theme {
  readonly text: string;
  readonly dim: string;
  readonly grid: string;
  readonly band: string;
  readonly run: string;
  readonly training: string;
  readonly control: string;
  readonly watch: string;
  readonly font: string;
  readonly contrast: boolean;
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const of = (...names: string[]): string => {
    for (const name of names) {
      const value = style.getPropertyValue(name).trim();
      if (value) return value;
    }
    return style.color;
  };
  const contrast = document.body.classList.contains('vscode-high-contrast') || document.body.classList.contains('vscode-high-contrast-light');
  return {
    text: of('--vscode-foreground'),
    dim: of('--vscode-descriptionForeground'),
    grid: of('--thaw-line'),
    band: of('--thaw-band'),
    run: of('--vscode-charts-blue'),
    training: of('--thaw-training'),
    control: of('--vscode-descriptionForeground'),
    watch: of('--thaw-watch'),
    font: style.fontFamily,
    contrast,
  };
}

/** Calls back when the person switches theme: VS Code then changes the body's class and the variables on the root. */
export function onThemeChange(listener: (theme: Theme) => void): void {
  const observer = new MutationObserver(() => listener(readTheme()));
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
}
