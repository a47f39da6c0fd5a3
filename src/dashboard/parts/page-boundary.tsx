import { Component, type ReactNode } from 'react';
import { ApiError } from '../data/http.ts';
import { Failed } from './states.tsx';

interface PageBoundaryProps {
  readonly children: ReactNode;
}

interface PageBoundaryState {
  readonly error: Error | undefined;
}

/**
 * What is shown of a page that broke, or whose file is gone because the broker was upgraded: why, and a way to begin anew. The menu
 * around it stays.
 */
export class PageBoundary extends Component<PageBoundaryProps, PageBoundaryState> {
  override state: PageBoundaryState = { error: undefined };

  static getDerivedStateFromError(error: unknown): PageBoundaryState {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Failed error={new ApiError(0, error.message, undefined)} onRetry={() => window.location.reload()} />
    );
  }
}
