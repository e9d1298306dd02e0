import type { RequestListener } from 'node:http';
import { ambiguityOf } from './connections/ambiguous-head.ts';
import { paths } from './contract/index.ts';
import { requestObserver, type Dependencies } from './dependencies.ts';
import { ServiceError } from './errors.ts';
import type { ExchangeResponse } from './exchange/exchange.ts';
import { HeadWriter } from './exchange/response/head-writer.ts';
import { refuseHead, respond, type Responder } from './exchange/response/node-response.ts';
import { managementPaths, probes, scrape, type Probe } from './exchange/probes.ts';

const METHODS = ['GET', 'HEAD'];

/**
 * Returns the probes and the metrics for a server of `node:http` on a port of their own. The port serves nothing else,
 * needs no key, and never loads Hono.
 */
export function createManagementListener(
  dependencies: Pick<Dependencies, 'repository' | 'lifecycle' | 'metrics' | 'logger'>,
): RequestListener {
  const { repository, lifecycle, metrics, logger } = dependencies;
  const routes = new Map<string, Probe>([...probes(repository, lifecycle), [paths.metrics, scrape(metrics)]]);
  const responder: Responder = { heads: new HeadWriter(), observer: requestObserver(dependencies), lifecycle, logger };
  return (incoming, outgoing) => {
    const ambiguity = ambiguityOf(incoming);
    if (ambiguity !== undefined) {
      refuseHead(responder, ambiguity, incoming, outgoing);
      return;
    }
    const { method = '', url = '' } = incoming;
    const path = url.split('?', 1)[0] ?? '';
    const route = routes.get(path);
    const response = route === undefined ? notFound(path) : METHODS.includes(method) ? route : notAllowed(path, method);
    void respond(responder, response, incoming, outgoing, route === undefined ? 'none' : path);
  };
}

function notFound(path: string): Probe {
  return () =>
    refuse(new ServiceError('route-not-found', `This port only serves ${managementPaths.join(', ')}, not ${path}.`));
}

function notAllowed(path: string, method: string): Probe {
  return () =>
    refuse(
      new ServiceError('method-not-allowed', `${path} does not support ${method}, only ${METHODS.join(', ')}.`, {
        allow: METHODS,
      }),
    );
}

function refuse(error: ServiceError): Promise<ExchangeResponse> {
  return Promise.reject(error);
}
