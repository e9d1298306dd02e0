// A bundle cannot import a CommonJS package dynamically by its names; a module of its own can be imported instead.
export { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
