"""Turns recordings and results into text and pages; knows neither pytest nor Allure."""
