const units: Readonly<Record<string, string>> = { s: 's', sec: 's', second: 's', m: 'min', min: 'min', minute: 'min', h: 'h', hr: 'h', hour: 'h' };

/** How a time that is written otherwise ("5 minutes", "1,5h") is written here. */
export function minutesMeant(value: unknown): string | undefined {
  const [, amount = '', word = ''] = /^(\d+(?:[.,]\d+)?) ?([a-z]+)$/i.exec(typeof value === 'string' ? value.trim() : '') ?? [], name = word.toLowerCase(), unit = units[name] ?? units[name.replace(/s$/, '')];
  return unit === undefined ? undefined : `${amount.replace(',', '.')} ${unit}`;
}

/** "5 min", "90 s", "1 h" in minutes; undefined: something else. */
export function minutesOf(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?) ?(s|min|h)$/.exec(text), amount = Number(parts?.[1]);
  if (!parts) return undefined;
  return parts[2] === 's' ? amount / 60 : parts[2] === 'h' ? amount * 60 : amount;
}
