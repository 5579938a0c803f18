/** "5 min", "90 s", "1 h" in minutes; undefined: something else. */
export function minutesOf(text: string): number | undefined {
  const parts = /^(\d+(?:\.\d+)?) ?(s|min|h)$/.exec(text), amount = Number(parts?.[1]);
  if (!parts) return undefined;
  return parts[2] === 's' ? amount / 60 : parts[2] === 'h' ? amount * 60 : amount;
}
