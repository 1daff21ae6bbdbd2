"""The benchmarks: how fast the laptop run is, how much it holds, what a request would use on AWS. Never shipped."""
