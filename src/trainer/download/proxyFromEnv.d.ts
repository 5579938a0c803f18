/** The package has no types of its own. */
declare module 'proxy-from-env' {
  /** Address of the proxy for `url` by http_proxy, https_proxy, all_proxy and no_proxy in either case; '' when there is none. */
  export function getProxyForUrl(url: string): string;
}
