import type { RhizomeError } from 'rhizome-kit/client';
import type { IrisFeatures, IrisPrediction } from './models.ts';

/** The page with the form, and below it the prediction or what went wrong. */
export function page(flower: IrisFeatures, answer: IrisPrediction | RhizomeError): string {
  const fields = Object.entries(flower).map(
    ([name, value]) =>
      `<label>${name.replace('_', ' ')} <input name="${name}" type="number" step="0.1" value="${value}"> cm</label>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Which iris is it?</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui; accent-color: #5546b5; }
  body { max-width: 26rem; margin: 3rem auto; padding: 0 1rem; }
  form, label, dl { display: grid; gap: 0.5rem; }
  label { grid-template-columns: 1fr 5rem auto; }
  dl { grid-template-columns: auto 1fr; align-items: center; }
  dd, meter { margin: 0; width: 100%; }
  input, button { font: inherit; }
</style>
<h1>Which iris is it?</h1>
<form>
${fields.join('\n')}
<button>Predict</button>
</form>
${answer instanceof Error ? `<p role="alert">${escape(answer.message)}</p>` : prediction(answer)}
</html>
`;
}

function prediction({ prediction: species, probabilities, warnings = [] }: IrisPrediction): string {
  const bars = Object.entries(probabilities).map(
    ([name, share]) => `<dt>${name}</dt><dd><meter value="${share}">${Math.round(share * 100)} %</meter></dd>`,
  );
  const notes = warnings.map(({ pointer, detail }) => `<p>${escape(pointer)}: ${escape(detail)}</p>`);
  return `<h2>Iris ${species}</h2>\n<dl>\n${bars.join('\n')}\n</dl>\n${notes.join('\n')}`;
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
