"""The customer service domain: interactions with customers, sentiment of what they write, and churn."""
