import { egressTo, egressToAll, type Destination } from './egress.ts';

const namespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });
const everywhere = [
  {
    ipBlock: {
      cidr: '0.0.0.0/0',
      except: ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
    },
  },
  { ipBlock: { cidr: '::/0', except: ['::1/128', 'fc00::/7', 'fe80::/10'] } },
];

/** Returns the rules with plain ports. */
const rules = (destination: Destination) =>
  egressTo(destination).map(({ to, ports = [] }) => ({ to, ports: ports.map(({ port }) => port?.value) }));

test.each([
  ['http://collector:4318', [{ to: [{ podSelector: {} }], ports: [4318] }]],
  ['http://collector.monitoring.svc:4318/v1/traces', [{ to: [namespace('monitoring')], ports: [4318] }]],
  ['http://collector.monitoring.svc.cluster.local:4318', [{ to: [namespace('monitoring')], ports: [4318] }]],
  ['http://pod-0.collector.monitoring.svc.cluster.local.:4318', [{ to: [namespace('monitoring')], ports: [4318] }]],
  // Port 80 is the Service's: the pods behind it have another one.
  ['http://keys.identity.svc/jwks', [{ to: [namespace('identity')], ports: [undefined] }]],
  ['https://models.example.com/iris.tar.gz', [{ to: everywhere, ports: [443] }]],
  ['http://models.example.com', [{ to: everywhere, ports: [80] }]],
  ['https://models.example.com:8443', [{ to: everywhere, ports: [8443] }]],
  // The name of a public host may contain `svc`.
  ['https://api.team.svc.example.com', [{ to: everywhere, ports: [443] }]],
  ['https://svc.example.com', [{ to: everywhere, ports: [443] }]],
  [
    'http://collector.monitoring:4318',
    [
      { to: [namespace('monitoring')], ports: [4318] },
      { to: everywhere, ports: [4318] },
    ],
  ],
  ['http://10.1.2.3:4318', [{ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: [4318] }]],
  ['https://[2001:db8::7]', [{ to: [{ ipBlock: { cidr: '2001:db8::7/128' } }], ports: [443] }]],
  ['http://localhost:4318', []],
  ['http://127.0.0.1:4318', []],
  ['http://[::1]:4318', []],
])('%s', (url, expected) => {
  expect(rules({ url })).toEqual(expected);
});

test('the port of the pods replaces the port of the Service', () => {
  expect(rules({ url: 'http://keys.identity.svc', podPort: 8080 })).toEqual([
    { to: [namespace('identity')], ports: [8080] },
  ]);
});

test('a private network is reached if it is allowed, and the metadata service of a cloud is not', () => {
  expect(rules({ url: 'https://models.example.com', privateNetwork: true })).toEqual([
    {
      to: [
        { ipBlock: { cidr: '0.0.0.0/0', except: ['127.0.0.0/8', '169.254.0.0/16'] } },
        { ipBlock: { cidr: '::/0', except: ['::1/128', 'fe80::/10'] } },
      ],
      ports: [443],
    },
  ]);
});

test('two destinations with the same rule share it', () => {
  expect(
    egressToAll([{ url: 'https://a.example.com' }, { url: 'https://b.example.com' }, { url: 'http://collector:4318' }]),
  ).toHaveLength(2);
});
