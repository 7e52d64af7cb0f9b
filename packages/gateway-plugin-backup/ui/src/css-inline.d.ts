/** Vite's way to take a style sheet as text. */
declare module "*.css?inline" {
  const styles: string;
  export default styles;
}
