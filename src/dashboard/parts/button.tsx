import type { ComponentProps, ReactNode } from 'react';
import styles from './button.module.css';
import { classNames } from './class-names.ts';
import { Icon, type IconName } from './icon.tsx';

export type ButtonKind = 'primary' | 'plain' | 'danger' | 'quiet';

interface ButtonProps extends Omit<ComponentProps<'button'>, 'className'> {
  readonly kind?: ButtonKind;
  readonly icon?: IconName;
  /** Work is going on: it cannot be pressed again. */
  readonly busy?: boolean;
  readonly small?: boolean;
}

export function Button({
  kind = 'plain',
  icon,
  busy = false,
  small = false,
  children,
  disabled,
  type = 'button',
  ...rest
}: ButtonProps): ReactNode {
  return (
    <button
      {...rest}
      type={type}
      disabled={disabled === true || busy}
      aria-busy={busy}
      className={classNames(styles['button'], styles[kind], small && styles['small'])}
    >
      {icon !== undefined && <Icon name={icon} size={small ? 15 : 17} />}
      {children}
    </button>
  );
}

/** A button of an icon alone; the label is read out, and shown as a tooltip. */
export function IconButton({
  icon,
  label,
  ...rest
}: Omit<ComponentProps<'button'>, 'className' | 'children'> & {
  readonly icon: IconName;
  readonly label: string;
}): ReactNode {
  return (
    <button type="button" {...rest} aria-label={label} title={label} className={styles['icon']}>
      <Icon name={icon} />
    </button>
  );
}

/** A link that looks like a button: it leads somewhere. */
export function LinkButton({
  kind = 'plain',
  icon,
  href,
  children,
}: {
  readonly kind?: ButtonKind;
  readonly icon?: IconName;
  readonly href: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <a className={classNames(styles['button'], styles[kind])} href={href}>
      {icon !== undefined && <Icon name={icon} size={17} />}
      {children}
    </a>
  );
}
