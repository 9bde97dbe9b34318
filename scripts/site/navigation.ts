// The order of the site: by what a person wants. A test holds it to the pages of docs/.

export interface Entry {
  readonly text: string;
  /** The page, without `.md`. */
  readonly link: string;
}

export interface Group {
  readonly text: string;
  readonly items: readonly Entry[];
}

const page = (text: string, link: string): Entry => ({ text, link: `/${link}` });

export const NAVIGATION: readonly Group[] = [
  {
    text: 'Start',
    items: [
      page('Overview', 'overview'),
      page('The command kubectl dbg', 'kubectl-dbg'),
      page('All guides', 'guides/'),
      page('Changes', 'changelog'),
      page('Support and versions', 'support'),
    ],
  },
  {
    text: 'Install',
    items: [
      page('Install, upgrade, uninstall', 'install'),
      page('Notes for an upgrade', 'upgrading/'),
      page('Notes for 0.1.0', 'upgrading/0.1.0'),
      page('Flags of the operator', 'flags'),
    ],
  },
  {
    text: 'Debug',
    items: [
      page('Find out what is wrong', 'guides/triage'),
      page('Processes', 'guides/processes'),
      page('Files', 'guides/files'),
      page('Network', 'guides/network'),
      page('Attach again', 'guides/attach-again'),
      page('Output after the end', 'guides/logs'),
      page('Crash-looping containers', 'guides/crash-looping'),
      page('Finished pods', 'guides/completed-pod'),
      page('Static pods', 'guides/static-pod'),
      page('Memory and CPU of a session', 'guides/costs'),
    ],
  },
  {
    text: 'Hand out',
    items: [
      page('A team debugs by itself', 'guides/self-service'),
      page('Debug without the right to inject', 'guides/rbac'),
      page('Approval by a second person', 'guides/approval'),
      page('Restricted namespaces', 'guides/restricted-namespace'),
      page('Sessions in Git', 'guides/gitops'),
      page('Argo CD', 'guides/argo-cd'),
      page('Flux', 'guides/flux'),
      page('Headlamp', 'guides/headlamp'),
      page('Backstage', 'guides/backstage'),
      page('Convert old documents', 'guides/convert'),
    ],
  },
  {
    text: 'Operate',
    items: [
      page('Metrics, alerts, dashboard', 'observability'),
      page('Runbooks', 'runbooks'),
      page('Notices to a chat or a program', 'guides/notices'),
      page('Report for an audit', 'guides/audit'),
      page('Security and threat model', 'security'),
      page('Report a vulnerability', 'security-policy'),
      page('Performance', 'performance'),
    ],
  },
  {
    text: 'Reference',
    items: [
      page('DebugSession', 'debugsession'),
      page('Fields of DebugSession', 'fields/debugsession'),
      page('DebugPolicy', 'debugpolicy'),
      page('Fields of DebugPolicy', 'fields/debugpolicy'),
      page('Fields of DebugApproval', 'fields/debugapproval'),
      page('Reasons', 'reference'),
    ],
  },
  {
    text: 'How it works',
    items: [
      page('How a container ends', 'ending'),
      page('Architecture', 'architecture'),
      page('Decisions', 'adr/'),
      page('Reliability', 'reliability'),
      page('Testing', 'testing'),
      page('The test cluster', 'cluster'),
      page('Versions of Kubernetes', 'versions'),
      page('How we write', 'style'),
      page('Releasing', 'releasing'),
      page('Contributing', 'contributing'),
    ],
  },
];
