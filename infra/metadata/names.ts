/** The most characters that the name of a Service or a Namespace may have. */
export const longestName = 63;

const serviceName = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const dnsSubdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * Returns whether Kubernetes accepts the name for a Service: a DNS label as of RFC 1035, which starts with a letter.
 */
export const isServiceName = (name: string): boolean => serviceName.test(name);

/** Returns whether Kubernetes accepts the name for a Namespace: a DNS label as of RFC 1123. */
export const isNamespaceName = (name: string): boolean => dnsLabel.test(name);

/**
 * Returns whether Kubernetes accepts the name for most other objects, such as a Secret: a DNS subdomain as of RFC 1123.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export const isObjectName = (name: string): boolean => dnsSubdomain.test(name);

/** Returns the name of the headless Service that belongs to the service of a name. */
export const headlessName = (name: string): string => `${name}-headless`;

/** Returns the name of the canary of a service, and of its Deployment and Service. */
export const canaryName = (name: string): string => `${name}-canary`;

/** Returns the name of the shadow of a service, and of its Deployment and Service. */
export const shadowName = (name: string): string => `${name}-shadow`;

/** What a service is called, and where it is. */
interface NamedService {
  readonly name: string;
  readonly namespace: string;
}

/** How the names of a service's PriorityClasses begin. Neither part contains a dot, so no other service's match. */
const priorityClassPrefix = ({ name, namespace }: NamedService): string => `rhizome.${namespace}.${name}.priority-`;

/** Returns the name of the PriorityClass of a service, which is unique in the cluster for each value. */
export const priorityClassName = (service: NamedService, value: number): string =>
  `${priorityClassPrefix(service)}${value}`;

/** Returns whether a PriorityClass belongs to a service. */
export const isPriorityClassOf = (service: NamedService, className: string): boolean =>
  className.startsWith(priorityClassPrefix(service));

const qualifiedName = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** Returns whether Kubernetes accepts the key of a label or an annotation: a name, or a domain, a slash and a name. */
export function isAnnotationKey(key: string): boolean {
  const [name = '', domain, ...more] = key.split('/').reverse();
  return qualifiedName.test(name) && (domain === undefined || isObjectName(domain)) && more.length === 0;
}

/** Returns whether Kubernetes accepts the value of a label. */
export const isLabelValue = (value: string): boolean => value === '' || qualifiedName.test(value);
