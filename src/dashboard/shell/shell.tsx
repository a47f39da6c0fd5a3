import { type ReactNode, useEffect, useState } from 'react';
import { useLiveState } from '../data/live-data.tsx';
import { type Session, useSession, useSessionActions } from '../data/session.tsx';
import { useAction } from '../data/use-action.ts';
import { type Texts, useTexts } from '../language/language.tsx';
import { Button, IconButton } from '../parts/button.tsx';
import { classNames } from '../parts/class-names.ts';
import { Icon, type IconName } from '../parts/icon.tsx';
import { href, useRoute } from '../route.ts';
import { LanguageChoice } from './language-choice.tsx';
import { Mark } from './mark.tsx';
import styles from './shell.module.css';
import { VhostChoice } from './vhost-choice.tsx';

/** What is around every page: the way to all others, who is logged in, and whether what is shown is live. */
export function Shell({ children }: { readonly children: ReactNode }): ReactNode {
  const { shell } = useTexts();
  const { segments } = useRoute();
  const [isOpen, setOpen] = useState(false);
  const address = segments.join('/');
  // biome-ignore lint/correctness/useExhaustiveDependencies: a menu that lies over the page goes when another page comes
  useEffect(() => setOpen(false), [address]);
  return (
    <div className={styles['shell']}>
      <button type="button" className={styles['skip']} onClick={focusContent}>
        {shell.skip}
      </button>
      <header className={styles['top']}>
        <span className={styles['toggle']}>
          <IconButton
            icon={isOpen ? 'close' : 'menu'}
            label={isOpen ? shell.closeMenu : shell.menu}
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          />
        </span>
        <a className={styles['brand']} href={href([])}>
          <Mark />
          <span>Leveret</span>
        </a>
        <span className={styles['fill']} />
        <LiveMark />
        <VhostChoice />
      </header>
      <div className={classNames(styles['side'], isOpen && styles['open'])}>
        <Menu current={segments[0] ?? ''} />
        <Account />
      </div>
      <main id="content" tabIndex={-1} className={styles['content']}>
        {children}
      </main>
    </div>
  );
}

/** Not a link: the hash of the address is taken by the pages. */
function focusContent(): void {
  document.getElementById('content')?.focus();
}

function LiveMark(): ReactNode {
  const { shell } = useTexts();
  const state = useLiveState();
  return (
    <span className={classNames(styles['live'], state === 'lost' && styles['lost'])} role="status">
      <span className={classNames(styles['dot'], state === 'live' && styles['on'])} />
      <span className={styles['liveText']}>{shell.live[state]}</span>
    </span>
  );
}

interface MenuItem {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
}

interface MenuSection {
  readonly label: string;
  readonly items: readonly MenuItem[];
}

function menuOf(shell: Texts['shell'], session: Session): readonly MenuSection[] {
  const flow: MenuItem[] = [
    { path: '', label: shell.overview, icon: 'overview' },
    { path: 'queues', label: shell.queues, icon: 'queue' },
    { path: 'exchanges', label: shell.exchanges, icon: 'exchange' },
    { path: 'topology', label: shell.topology, icon: 'topology' },
  ];
  const messages: MenuItem[] = [
    { path: 'dead-letters', label: shell.deadLetters, icon: 'dead-letter' },
    { path: 'outcomes', label: shell.outcomes, icon: 'outcome' },
    { path: 'scheduled', label: shell.scheduled, icon: 'scheduled' },
  ];
  const clients: MenuItem[] = [
    { path: 'connections', label: shell.connections, icon: 'connection' },
    { path: 'channels', label: shell.channels, icon: 'channel' },
    { path: 'consumers', label: shell.consumers, icon: 'consumer' },
  ];
  const administration: MenuItem[] = [
    { path: 'policies', label: shell.policies, icon: 'policy' },
    ...(session.isAdministrator
      ? ([
          { path: 'users', label: shell.users, icon: 'user' },
          { path: 'vhosts', label: shell.vhosts, icon: 'vhost' },
          { path: 'definitions', label: shell.definitions, icon: 'definitions' },
          { path: 'audit', label: shell.audit, icon: 'audit' },
        ] as const)
      : []),
  ];
  return [
    { label: shell.sections.flow, items: flow },
    { label: shell.sections.messages, items: messages },
    { label: shell.sections.clients, items: clients },
    { label: shell.sections.administration, items: administration },
  ];
}

function Menu({ current }: { readonly current: string }): ReactNode {
  const { shell } = useTexts();
  const session = useSession();
  return (
    <nav aria-label={shell.menu} className={styles['menu']}>
      {menuOf(shell, session).map(({ label, items }) => (
        <div key={label} className={styles['section']}>
          <p className={styles['sectionName']}>{label}</p>
          <ul>
            {items.map((item) => (
              <li key={item.path}>
                <a
                  className={styles['item']}
                  href={href(item.path === '' ? [] : [item.path])}
                  aria-current={item.path === current ? 'page' : undefined}
                >
                  <ItemIcon name={item.icon} />
                  {item.label}
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
      <a className={styles['item']} href="/docs">
        <ItemIcon name="documentation" />
        {shell.documentation}
      </a>
    </nav>
  );
}

function ItemIcon({ name }: { readonly name: IconName }): ReactNode {
  return (
    <span className={styles['itemIcon']}>
      <Icon name={name} />
    </span>
  );
}

function Account(): ReactNode {
  const { shell } = useTexts();
  const { username, tags, version } = useSession();
  const { logOut } = useSessionActions();
  const leave = useAction(logOut);
  return (
    <section className={styles['account']} aria-label={shell.account}>
      <p className={styles['username']} title={tags.join(', ')}>
        <Icon name="user" size={16} />
        <span>{username}</span>
      </p>
      <div className={styles['accountRow']}>
        <LanguageChoice />
        <Button small busy={leave.isPending} onClick={() => leave.mutate(undefined)}>
          {shell.logOut}
        </Button>
      </div>
      {version !== undefined && <p className={styles['version']}>Leveret {version}</p>}
    </section>
  );
}
