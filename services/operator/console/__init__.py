"""The console: pages for officers at the operator's service. They show, and say which command gives an order; they sign nothing."""
