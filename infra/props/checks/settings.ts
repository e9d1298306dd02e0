import {
  expectedValue,
  leastInFlightBytes,
  variables,
  type Variable,
  type VariableName,
} from '../../../service/contract/index.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import type { ResolvedProps } from '../resolved-props.ts';
import { managedSettings } from '../settings.ts';

const allowedSettings = Object.keys(variables).filter((name) => !Object.hasOwn(managedSettings, name));

/** Checks the settings as the service does. */
export function* checkSettings({ settings }: ResolvedProps): Generator<InvalidProp> {
  // Node runs TypeScript without checking types, so a value may be of any.
  for (const [setting, value] of Object.entries(settings as Readonly<Record<string, unknown>>)) {
    const prop = `settings.${setting}`;
    const variable = (variables as Record<string, Variable>)[setting];
    if (Object.hasOwn(managedSettings, setting)) {
      yield {
        prop,
        // Messages end up in logs, where an API key must not appear.
        value: setting === 'API_KEY' ? '(hidden)' : value,
        reason: 'sets a variable that is not allowed in settings',
        fix: managedSettings[setting as keyof typeof managedSettings],
      };
    } else if (variable === undefined) {
      const fix = `Use one of these: ${allowedSettings.join(', ')}.`;
      yield { prop, value, reason: 'sets a variable that the service does not have', fix };
    } else if (typeof value !== 'string') {
      yield { prop, value, reason: 'is not a string', fix: `Write it in quotes: '${String(value)}'.` };
    } else {
      const expected = expectedValue(setting as VariableName, value, leastOf(setting, settings));
      if (expected === undefined) continue;
      const example = variable.values === undefined ? ` such as '${variable.default ?? '1000'}',` : '';
      const fix = `Use ${expected},${example} or leave it out.`;
      yield { prop, value, reason: 'is not a value that the service accepts', fix };
    }
  }
}

/** Returns the lower bound of a setting that depends on another one. */
function leastOf(setting: string, { MAX_BODY_BYTES: body }: ResolvedProps['settings']): number | undefined {
  if (setting !== 'MAX_IN_FLIGHT_BYTES') return undefined;
  return leastInFlightBytes(body === undefined ? undefined : Number(body));
}
