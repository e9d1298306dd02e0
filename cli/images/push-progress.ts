/** A line of `docker push` about one layer. */
const ofLayer = /^([0-9a-f]{12}): (.+)$/;

/** Returns a function that reads from the lines of `docker push` how many of the layers the registry has. */
export function pushProgress(): (line: string) => number | undefined {
  const layers = new Map<string, boolean>();
  return (line) => {
    const [, layer, state = ''] = ofLayer.exec(line) ?? [];
    if (layer === undefined) return undefined;
    layers.set(layer, /^(Pushed|Mounted|Layer already exists)/.test(state));
    return [...layers.values()].filter(Boolean).length / layers.size;
  };
}
