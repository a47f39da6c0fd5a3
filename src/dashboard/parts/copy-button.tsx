import { type ReactNode, useState } from 'react';
import { useTexts } from '../language/language.tsx';
import { IconButton } from './button.tsx';

const SHOWN_MS = 1500;

/** Browsers give the clipboard to pages over HTTPS or of their own machine only; others have no button. */
export function CopyButton({ text }: { readonly text: string }): ReactNode {
  const { parts } = useTexts();
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    window.setTimeout(() => setCopied(false), SHOWN_MS);
  };
  if (!window.isSecureContext) return null;
  return (
    <IconButton
      icon={copied ? 'good' : 'copy'}
      label={copied ? parts.copied : parts.copy}
      onClick={() => void copy()}
    />
  );
}
