import type * as Prometheus from '../prometheus.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import { metrics as names } from '../../contract/index.ts';
import type { RunWatcher } from '../../inference/queue/watched-session.ts';
import { countedModel, rowCounter, type CountedModel } from './counted-model.ts';

/** Versions of models. Prometheus keeps all series of all replicas. */
export const mostModels = 16;

/**
 * Counts the values that models get and predict, by bin, so that Prometheus can compare them with the training data.
 *
 * These are counters of bins rather than histograms: the buckets of a histogram are cumulative, and PromQL cannot
 * subtract one from the next, which the population stability index needs. Bins also fit choices and classes.
 */
export class DriftMetrics {
  readonly #sample: number;
  readonly #models: CountedModel[] = [];
  readonly #random: () => number;

  /** @param sample the share of the rows that are counted; 0 turns the metrics off */
  constructor(sample: number, random = Math.random) {
    this.#sample = sample;
    this.#random = random;
  }

  /** Begins to count a version of a model; undefined if the metrics are off, or there are too many models. */
  watch(signature: Signature): RunWatcher | undefined {
    if (this.#sample === 0) return undefined;
    if (this.#models.length >= mostModels) {
      const { name, version } = signature;
      const leftOut = [`the model: more than ${mostModels} versions of models`];
      this.#models.push({ name, version, features: [], predictions: undefined, leftOut });
      return undefined;
    }
    const model = countedModel(signature);
    this.#models.push(model);
    const { rows: rowsOf, count } = rowCounter(model, signature);
    // Of all rows that are not counted, only their number is looked at.
    let skipped = this.#gap();
    return (feeds, outputs) => {
      const rows = rowsOf(feeds);
      let row = skipped;
      while (row < rows) {
        count(feeds, outputs, rows, row);
        row += 1 + this.#gap();
      }
      skipped = row - rows;
    };
  }

  /** What is not counted, by version of a model. */
  get leftOut(): readonly Pick<CountedModel, 'name' | 'version' | 'leftOut'>[] {
    return this.#models.filter(({ leftOut }) => leftOut.length > 0);
  }

  /** Shows the metrics in a registry, if they are on. */
  register({ Counter, Gauge }: typeof Prometheus, registry: Prometheus.Registry): void {
    if (this.#sample === 0) return;
    const models = this.#models;
    const registers = [registry];
    const labelNames = ['model', 'version', 'feature', 'bin'];
    new Counter({
      name: names.featureValues,
      help: 'Sampled values of features, by model, version, feature, bin and state (valid, outside or missing).',
      labelNames: [...labelNames, 'state'],
      registers,
      collect() {
        this.reset();
        for (const { labels, bins, counts } of models.flatMap(featuresOf))
          bins.forEach(({ label, state }, index) => {
            this.inc({ ...labels, bin: label, state }, counts[index]);
          });
      },
    });
    new Gauge({
      name: names.featureTrainingShare,
      help: 'Share of the training data, by model, version, feature and bin.',
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { labels, bins } of models.flatMap(featuresOf))
          for (const { label, trainingShare } of bins)
            if (trainingShare !== undefined) this.set({ ...labels, bin: label }, trainingShare);
      },
    });
    const predictionLabels = ['model', 'version', 'bin'];
    new Counter({
      name: names.predictions,
      help: 'Sampled predictions, by model, version and bin: a class, or an interval of numbers.',
      labelNames: predictionLabels,
      registers,
      collect() {
        this.reset();
        for (const { name: model, version, predictions } of models)
          predictions?.bins.forEach(({ label }, index) => {
            this.inc({ model, version, bin: label }, predictions.counts[index]);
          });
      },
    });
    new Gauge({
      name: names.predictionsTrainingShare,
      help: 'Share of the predictions for the training data, by model, version and bin.',
      labelNames: predictionLabels,
      registers,
      collect() {
        this.reset();
        for (const { name: model, version, predictions } of models)
          for (const { label, trainingShare } of predictions?.bins ?? [])
            if (trainingShare !== undefined) this.set({ model, version, bin: label }, trainingShare);
      },
    });
  }

  /** Returns how many rows to leave out before the next one: each row has the same chance. */
  #gap(): number {
    return this.#sample === 1 ? 0 : Math.floor(Math.log1p(-this.#random()) / Math.log1p(-this.#sample));
  }
}

const featuresOf = ({ name: model, version, features }: CountedModel) =>
  features.map(({ feature, counts: { bins, counts } }) => ({
    labels: { model, version, feature: feature.name },
    bins,
    counts,
  }));
