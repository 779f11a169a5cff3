export interface GraphNode {
  symbol: string;
  parents: number[];
  layer: number;
  row: number;
  /** Of the edge from each parent: the rows at which it passes the layers between. */
  routes: number[][];
}

export interface Slider {
  name: string;
  low: number;
  high: number;
}

export interface Numbers {
  values: number[];
  gradients: number[];
  slopes: number[][];
}

export interface GraphTraits {
  nodes: GraphNode[];
  sliders: Slider[];
  numbers: Numbers;
}

export interface SetMessage {
  kind: "set";
  name: string;
  value: number;
}
